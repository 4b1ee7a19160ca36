//! Statics that are handed out once.
//!
//! A head with its slots is the largest object of a training firmware. It must live in `.bss`
//! (an image of it in flash would cost its size again) and must not be moved over the stack, so
//! a static starts as all zeros and is set up in place when its handle is taken.

use static_cell::ConstStaticCell;

/// A type with an all-zero state in which a static can start, in `.bss`.
pub trait Zeroed: Sized {
    /// The state in which every byte is zero.
    const ZERO: Self;
}

impl Zeroed for f32 {
    const ZERO: Self = 0.0;
}

impl Zeroed for i64 {
    const ZERO: Self = 0;
}

impl Zeroed for i8 {
    const ZERO: Self = 0;
}

impl Zeroed for u8 {
    const ZERO: Self = 0;
}

impl Zeroed for u16 {
    const ZERO: Self = 0;
}

impl Zeroed for u32 {
    const ZERO: Self = 0;
}

impl<T: Zeroed, const N: usize> Zeroed for [T; N] {
    const ZERO: Self = [T::ZERO; N];
}

macro_rules! tuples {
    ($($member:ident $argument:ident $field:tt)+) => {
        impl<$($member: Zeroed),+> Zeroed for ($($member,)+) {
            const ZERO: Self = ($($member::ZERO,)+);
        }

        /// Each member is given its own.
        impl<$($argument, $member: Initialize<$argument>),+> Initialize<($($argument,)+)>
            for ($($member,)+)
        {
            fn initialize(&mut self, argument: ($($argument,)+)) {
                $(self.$field.initialize(argument.$field);)+
            }
        }
    };
}

tuples!(A X 0 B Y 1);
tuples!(A X 0 B Y 1 C Z 2);
tuples!(A X 0 B Y 1 C Z 2 D W 3);

/// What sets an all-zero object up in place, given `A` (a head takes its optimizer).
pub trait Initialize<A>: Zeroed {
    /// Brings `self` from [`Zeroed::ZERO`] into its initial state.
    fn initialize(&mut self, argument: A);
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Initialize<()> for $number {
            fn initialize(&mut self, (): ()) {}
        }
    )*};
}

numbers!(f32 i64 i8 u8 u16 u32);

impl<T: Initialize<()>, const N: usize> Initialize<()> for [T; N] {
    fn initialize(&mut self, (): ()) {
        self.iter_mut().for_each(|element| element.initialize(()));
    }
}

/// A static whose one handle is acquired at run time, without a panic.
///
/// ```
/// use gradlet::{Batch, Owned};
/// static BATCH: Owned<Batch<4, 8, 2>> = Owned::new();
/// assert!(BATCH.take().is_ok());
/// assert!(BATCH.take().is_err()); // there is one handle
/// ```
pub struct Owned<T>(ConstStaticCell<T>);

impl<T: Zeroed> Owned<T> {
    /// An object that is all zeros until it is taken.
    #[expect(
        clippy::new_without_default,
        reason = "only a static can hand out its content"
    )]
    pub const fn new() -> Self {
        Self(ConstStaticCell::new(T::ZERO))
    }

    /// The one handle of an object that needs nothing to start from.
    ///
    /// # Errors
    /// [`AlreadyTaken`] from the second call on.
    pub fn take(&'static self) -> Result<&'static mut T, AlreadyTaken>
    where
        T: Initialize<()>,
    {
        self.init(())
    }

    /// The one handle of an object that needs `argument` to start from: a head takes its
    /// optimizer, which gives the slots their initial values.
    ///
    /// # Errors
    /// [`AlreadyTaken`] from the second call on.
    pub fn init<A>(&'static self, argument: A) -> Result<&'static mut T, AlreadyTaken>
    where
        T: Initialize<A>,
    {
        let object = self.0.try_take().ok_or(AlreadyTaken)?;
        object.initialize(argument);
        Ok(object)
    }
}

/// The handle was given out before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct AlreadyTaken;

impl core::fmt::Display for AlreadyTaken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the static's one handle was already taken")
    }
}

impl core::error::Error for AlreadyTaken {}
