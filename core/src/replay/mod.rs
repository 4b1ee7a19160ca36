//! Samples that are kept to be trained on again.
//!
//! What is learnt from new samples alone forgets the old ones; and a stream brings many samples of
//! some classes and few of others. A buffer of fixed capacity keeps some of each class, as the
//! frozen model's int8 output: a quarter of the memory of its real values, for 0.26 % of accuracy
//! in the literature (Ravaglia et al. 2021, arXiv 2110.10486).

mod order;
mod reservoir;

use crate::head::{Batch, HeadError};
use crate::owned::Initialize;
use crate::tensor::{Shape, View, ViewMut};
use crate::variable::{Collections, Name, Variable};
use crate::{Variables, Zeroed};

/// Up to `N` labelled samples of `IN` int8 features and `OUT` classes, balanced over the classes,
/// and the order in which they are trained on.
///
/// [`push`](Self::push) decides which samples stay (class-balancing reservoir sampling; Chrysakis
/// and Moens 2020): while there is room, all; later, a sample of a class that has not had its
/// share yet takes the place of one of the largest class, and one of a class that has had it the
/// place of one of its own, so that each sample of a class had the same chance to be kept.
///
/// [`fill`](Self::fill) goes through the samples in passes, each pass in an order of its own, as
/// `tf.data.Dataset.shuffle(N).repeat().batch(B)` does.
///
/// All choices follow from the seed. Features, labels, counters and the place in the order are
/// variables (`replay/features`, …), so that a restored run goes on with the very samples that the
/// other one would have had. Memory: `N`·(`IN` + 2) + 5·`OUT` bytes and some 24.
///
/// ```
/// use gradlet::{Adam, Batch, Head, Owned, Quantization, ReplayBuffer, checkpoint};
///
/// static HEAD: Owned<Head<64, 10, Adam>> = Owned::new();
/// static REPLAY: Owned<ReplayBuffer<100, 64, 10>> = Owned::new();
/// static BATCH: Owned<Batch<8, 64, 10, i8>> = Owned::new();
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut file = [0u8; 32 * 1024];
/// # let source = [([3; 64], 1), ([-7; 64], 2)];
/// let features = Quantization { scale: 0.05, zero_point: -128 };
/// let (head, batch) = (HEAD.init(Adam::new(0.01))?, BATCH.init(features)?);
/// let replay = REPLAY.init(7)?; // the seed
///
/// for (features, label) in &source {
///     replay.push(features, *label)?;
///     replay.fill(batch)?;
///     head.minimize_batch(batch)?;
/// }
/// // Both in one checkpoint; a restore of `&mut (&mut *head, &mut *replay)` continues the order.
/// checkpoint::write(&(head, replay), &mut file[..])?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ReplayBuffer<const N: usize, const IN: usize, const OUT: usize> {
    features: [[i8; IN]; N],
    labels: [u16; N],
    /// Samples kept. After a restore, what the checkpoint says: never trusted to be in range.
    size: u32,
    /// Samples that came, a class.
    seen: [u32; OUT],
    /// 1 for a class that was the largest of a full buffer: it has had its share.
    full: [u8; OUT],
    /// The pass through the samples, and the place in it.
    order: [u32; 2],
    seed: i64,
}

impl<const N: usize, const IN: usize, const OUT: usize> Zeroed for ReplayBuffer<N, IN, OUT> {
    const ZERO: Self = Self {
        features: [[0; IN]; N],
        labels: [0; N],
        size: 0,
        seen: [0; OUT],
        full: [0; OUT],
        order: [0; 2],
        seed: 0,
    };
}

impl<const N: usize, const IN: usize, const OUT: usize> Initialize<i64>
    for ReplayBuffer<N, IN, OUT>
{
    fn initialize(&mut self, seed: i64) {
        self.seed = seed;
    }
}

impl<const N: usize, const IN: usize, const OUT: usize> ReplayBuffer<N, IN, OUT> {
    /// An empty buffer by value: for hosts and tests. Firmware keeps it in an
    /// [`Owned`](crate::Owned) static.
    pub const fn new(seed: i64) -> Self {
        let mut buffer = Self::ZERO;
        buffer.seed = seed;
        buffer
    }

    /// Number of samples kept.
    pub fn len(&self) -> usize {
        usize::try_from(self.size).map_or(N, |size| size.min(N))
    }

    /// Whether no sample is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of samples of class `label` that came so far, kept or not.
    pub fn seen(&self, label: usize) -> u32 {
        self.seen.get(label).copied().unwrap_or(0)
    }

    /// Number of samples of class `label` that are kept.
    pub fn kept(&self, label: usize) -> usize {
        self.of_class(label).count()
    }

    /// The samples that are kept, each with its class, by their places in the buffer.
    pub fn samples(&self) -> impl Iterator<Item = (&[i8; IN], usize)> {
        let labels = self.labels.iter().map(|&label| usize::from(label));
        self.features.iter().zip(labels).take(self.len())
    }

    /// Offers a sample; `true` if it is kept, in place of another one where there is no room.
    ///
    /// # Errors
    /// [`HeadError::Label`] for a class that there is not; nothing is changed then.
    pub fn push(&mut self, features: &[i8; IN], label: usize) -> Result<bool, HeadError> {
        let error = HeadError::Label {
            classes: OUT,
            found: label,
        };
        let small = u16::try_from(label).map_err(|_| error)?;
        let seen = self.seen.get_mut(label).ok_or(error)?;
        *seen = seen.saturating_add(1);
        let Some(place) = self.place_for(label) else {
            return Ok(false);
        };
        if let (Some(row), Some(of)) = (self.features.get_mut(place), self.labels.get_mut(place)) {
            (*row, *of) = (*features, small);
        }
        Ok(true)
    }

    /// The next sample of the order, with its class; `None` if there is none.
    pub fn next_sample(&mut self) -> Option<(&[i8; IN], usize)> {
        let place = self.next_place()?;
        let label = self.labels.get(place)?;
        Some((self.features.get(place)?, usize::from(*label)))
    }

    /// Replaces the content of `batch` by the next `B` samples of the order. Where fewer are kept,
    /// a batch holds some of them more than once; it is empty if there is none.
    ///
    /// # Errors
    /// [`HeadError::Label`] for a class that the batch does not have: only after a restore from a
    /// checkpoint that was not this buffer's.
    pub fn fill<const B: usize>(
        &mut self,
        batch: &mut Batch<B, IN, OUT, i8>,
    ) -> Result<(), HeadError> {
        batch.clear();
        for _ in 0..B {
            let Some((features, label)) = self.next_sample() else {
                break;
            };
            batch.push(features, label)?;
        }
        Ok(())
    }

    /// Places of the samples of a class.
    fn of_class(&self, label: usize) -> impl Iterator<Item = usize> {
        let labels = self.labels.iter().take(self.len()).enumerate();
        labels.filter_map(move |(place, &of)| (usize::from(of) == label).then_some(place))
    }
}

/// The scope of a buffer's variables.
const SCOPE: &str = "replay";

impl<const N: usize, const IN: usize, const OUT: usize> Variables for ReplayBuffer<N, IN, OUT> {
    fn count(&self) -> usize {
        7
    }

    fn variable(&self, index: usize) -> Option<Variable<'_>> {
        use core::slice::from_ref;
        let (name, shape, view) = match index {
            0 => (
                "features",
                Shape::matrix(N, IN),
                View::I8(self.features.as_flattened()),
            ),
            1 => ("full", Shape::vector(OUT), View::U8(&self.full)),
            2 => ("labels", Shape::vector(N), View::U16(&self.labels)),
            3 => ("order", Shape::vector(2), View::U32(&self.order)),
            4 => ("seed", Shape::SCALAR, View::I64(from_ref(&self.seed))),
            5 => ("seen", Shape::vector(OUT), View::U32(&self.seen)),
            6 => ("size", Shape::SCALAR, View::U32(from_ref(&self.size))),
            _ => return None,
        };
        Some(Variable {
            name: Name::scoped(SCOPE, name),
            shape,
            collections: Collections::GLOBAL,
            view,
        })
    }

    fn variable_mut(&mut self, index: usize) -> Option<ViewMut<'_>> {
        use core::slice::from_mut;
        Some(match index {
            0 => ViewMut::I8(self.features.as_flattened_mut()),
            1 => ViewMut::U8(&mut self.full),
            2 => ViewMut::U16(&mut self.labels),
            3 => ViewMut::U32(&mut self.order),
            4 => ViewMut::I64(from_mut(&mut self.seed)),
            5 => ViewMut::U32(&mut self.seen),
            6 => ViewMut::U32(from_mut(&mut self.size)),
            _ => return None,
        })
    }

    /// None of its own: the model's counts.
    fn global_step(&self) -> i64 {
        0
    }
}
