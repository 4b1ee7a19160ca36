//! What the device knows of its user: a vector of the user's, and one for each song.
use gradlet::optimizer::Parameter;
use gradlet::tensor::{Shape, View, ViewMut};
use gradlet::variable::{Collections, Name, Storage, Variable};
use gradlet::{Adagrad, Initialize, Optimizer, Variables, Zeroed};

/// Songs of the table.
pub(crate) const SONGS: usize = 64;
/// Numbers that describe a song.
pub(crate) const FACTORS: usize = 8;
/// Ratings of a training step.
pub(crate) const BATCH: usize = 3;

/// A song and how much the user likes it.
#[derive(Clone, Copy)]
pub(crate) struct Rating {
    /// The song's row.
    pub(crate) song: u32,
    /// From -1 to 1.
    pub(crate) stars: f32,
}

/// A factorization: the rating of a song is expected to be user·song.
pub(crate) struct Taste {
    songs: Parameter<[[f32; FACTORS]; SONGS], Adagrad>,
    user: Parameter<[f32; FACTORS], Adagrad>,
    optimizer: Adagrad,
    global_step: i64,
}

impl Zeroed for Taste {
    const ZERO: Self = Self {
        songs: Parameter::ZERO,
        user: Parameter::ZERO,
        optimizer: Adagrad::ZERO,
        global_step: 0,
    };
}

impl Initialize<Adagrad> for Taste {
    fn initialize(&mut self, optimizer: Adagrad) {
        self.songs.initialize(&optimizer);
        self.user.initialize(&optimizer);
        self.optimizer = optimizer;
    }
}

impl Taste {
    /// The table that is shipped, and an unknown user.
    pub(crate) fn assign(&mut self, songs: impl Fn(usize, usize) -> f32, user: f32) {
        for (song, row) in self.songs.value.iter_mut().enumerate() {
            for (factor, value) in row.iter_mut().enumerate() {
                *value = songs(song, factor);
            }
        }
        self.user.value = [user; FACTORS];
    }

    /// A row of the table.
    pub(crate) fn song(&self, song: u32) -> Option<&[f32; FACTORS]> {
        self.songs.value.get(song as usize)
    }

    /// One step on the mean squared error of some ratings; returns that error before the step.
    ///
    /// The gradient of the table has a row for each rating and none for any other song: it is
    /// `tf.IndexedSlices`, BATCH×FACTORS numbers instead of SONGS×FACTORS.
    pub(crate) fn minimize(&mut self, ratings: &[Rating; BATCH]) -> Result<f32, &'static str> {
        let user = self.user.value;
        let mut user_gradient = [0.0; FACTORS];
        let mut rows = [[0.0; FACTORS]; BATCH];
        let mut error = 0.0;
        for (rating, row) in ratings.iter().zip(&mut rows) {
            let song = self.song(rating.song).ok_or("there is no such song")?;
            let expected: f32 = song.iter().zip(&user).map(|(s, u)| s * u).sum();
            let difference = expected - rating.stars;
            error += difference * difference;
            let delta = 2.0 * difference / BATCH as f32;
            for ((row, sum), (s, u)) in row
                .iter_mut()
                .zip(&mut user_gradient)
                .zip(song.iter().zip(&user))
            {
                *row = delta * u;
                *sum += delta * s;
            }
        }
        let step = self.optimizer.begin(self.global_step);
        let indices = ratings.map(|rating| rating.song);
        self.songs
            .apply_indexed_slices(&step, &indices, rows.as_flattened())
            .map_err(|_| "the gradient does not fit the table")?;
        self.user.apply_gradient(&step, &user_gradient);
        self.optimizer.finish(&step);
        self.global_step += 1;
        Ok(error / BATCH as f32)
    }
}

/// `global_step`, `taste/songs` with its slot, `taste/user` with its slot.
impl Variables for Taste {
    fn count(&self) -> usize {
        5
    }

    fn variable(&self, index: usize) -> Option<Variable<'_>> {
        let (songs, user) = (
            Name::scoped("taste", "songs"),
            Name::scoped("taste", "user"),
        );
        let table = <[[f32; FACTORS]; SONGS]>::SHAPE;
        let vector = <[f32; FACTORS]>::SHAPE;
        let step = View::I64(core::slice::from_ref(&self.global_step));
        let ([song_slots], [user_slots]) = (&self.songs.slots, &self.user.slots);
        let (name, shape, view) = match index {
            0 => (Name::new("global_step"), Shape::SCALAR, step),
            1 => (songs, table, View::F32(self.songs.value.elements())),
            2 => (
                songs.of_slot("Adagrad"),
                table,
                View::F32(song_slots.elements()),
            ),
            3 => (user, vector, View::F32(self.user.value.elements())),
            4 => (
                user.of_slot("Adagrad"),
                vector,
                View::F32(user_slots.elements()),
            ),
            _ => return None,
        };
        Some(Variable {
            name,
            shape,
            collections: Collections::GLOBAL,
            view,
        })
    }

    fn variable_mut(&mut self, index: usize) -> Option<ViewMut<'_>> {
        let ([song_slots], [user_slots]) = (&mut self.songs.slots, &mut self.user.slots);
        match index {
            0 => Some(ViewMut::I64(core::slice::from_mut(&mut self.global_step))),
            1 => Some(ViewMut::F32(self.songs.value.elements_mut())),
            2 => Some(ViewMut::F32(song_slots.elements_mut())),
            3 => Some(ViewMut::F32(self.user.value.elements_mut())),
            4 => Some(ViewMut::F32(user_slots.elements_mut())),
            _ => None,
        }
    }

    fn global_step(&self) -> i64 {
        self.global_step
    }
}
