//! Several sets of variables as one, so that one checkpoint holds them all.

use super::{Variable, Variables};
use crate::tensor::ViewMut;

impl<V: Variables> Variables for &mut V {
    fn count(&self) -> usize {
        (**self).count()
    }

    fn variable(&self, index: usize) -> Option<Variable<'_>> {
        (**self).variable(index)
    }

    fn variable_mut(&mut self, index: usize) -> Option<ViewMut<'_>> {
        (**self).variable_mut(index)
    }

    fn global_step(&self) -> i64 {
        (**self).global_step()
    }

    fn metadata(&self) -> &[u8] {
        (**self).metadata()
    }

    fn model_id(&self) -> u32 {
        (**self).model_id()
    }
}

/// To be saved only: nothing that is but lent can be assigned.
impl<V: Variables> Variables for &V {
    fn count(&self) -> usize {
        (**self).count()
    }

    fn variable(&self, index: usize) -> Option<Variable<'_>> {
        (**self).variable(index)
    }

    fn variable_mut(&mut self, _: usize) -> Option<ViewMut<'_>> {
        None
    }

    fn global_step(&self) -> i64 {
        (**self).global_step()
    }

    fn metadata(&self) -> &[u8] {
        (**self).metadata()
    }

    fn model_id(&self) -> u32 {
        (**self).model_id()
    }
}

macro_rules! together {
    ($($member:ident $field:tt)+, $(#[$docs:meta])*) => {
        $(#[$docs])*
        impl<$($member: Variables),+> Variables for ($($member,)+) {
            fn count(&self) -> usize {
                0 $(+ self.$field.count())+
            }

            fn variable(&self, index: usize) -> Option<Variable<'_>> {
                let mut index = index;
                $(
                    let count = self.$field.count();
                    if index < count {
                        return self.$field.variable(index);
                    }
                    index -= count;
                )+
                let _ = index;
                None
            }

            fn variable_mut(&mut self, index: usize) -> Option<ViewMut<'_>> {
                let mut index = index;
                $(
                    let count = self.$field.count();
                    if index < count {
                        return self.$field.variable_mut(index);
                    }
                    index -= count;
                )+
                let _ = index;
                None
            }

            fn global_step(&self) -> i64 {
                self.0.global_step()
            }

            fn metadata(&self) -> &[u8] {
                self.0.metadata()
            }
        }
    };
}

together! {
    A 0 B 1,
    /// Two sets of variables as one: a head and the samples that it is trained on. Step and
    /// metadata are those of the first; the model's id is that of all variables together.
    ///
    /// ```
    /// use gradlet::{Adam, Head, Owned, ReplayBuffer, checkpoint};
    ///
    /// static MODEL: Owned<(Head<64, 10, Adam>, ReplayBuffer<100, 64, 10>)> = Owned::new();
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut file = [0; 32 * 1024];
    /// let model = MODEL.init((Adam::new(0.01), 7))?; // the optimizer, the seed
    /// let (head, replay) = &mut *model;
    /// replay.push(&[1; 64], 3)?;
    /// head.predict(&[0.5; 64]);
    /// checkpoint::write(model, &mut file[..])?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Of separate statics a pair of references, `(&mut *head, &mut *replay)`, is as good.
}
together!(A 0 B 1 C 2,);
together!(A 0 B 1 C 2 D 3,);
