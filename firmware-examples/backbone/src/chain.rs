use crate::{Activations, Error};

/// A frozen layer: a table of constants and what it makes of its input.
pub trait Layer {
    /// The number of input elements.
    fn input_len(&self) -> usize;

    /// The number of output elements.
    fn output_len(&self) -> usize;

    /// Computes `output` from `input`. The slices have the lengths above; where they do not, the
    /// output is unspecified, but nothing panics.
    fn run(&self, input: &[i8], output: &mut [i8]);
}

/// Layers, one after the other: `()` is none, and `(first, rest)` puts a layer before a chain.
///
/// A chain is a type rather than a table of trait objects, so that the linker keeps the kinds of
/// layers that occur and drops the others, and every call is a direct one, whose stack can be
/// counted.
pub trait Chain {
    /// Leads `activations` through all layers.
    fn run(&self, activations: &mut Activations<'_, '_>) -> Result<(), Error>;
}

impl Chain for () {
    fn run(&self, _: &mut Activations<'_, '_>) -> Result<(), Error> {
        Ok(())
    }
}

impl<First: Layer, Rest: Chain> Chain for (First, Rest) {
    fn run(&self, activations: &mut Activations<'_, '_>) -> Result<(), Error> {
        let (first, rest) = self;
        activations.step(first)?;
        rest.run(activations)
    }
}

/// A frozen backbone: from a raw sample of `IN` int8 elements to `OUT` int8 features.
#[derive(Clone, Copy, Debug)]
pub struct Backbone<Layers, const IN: usize, const OUT: usize> {
    layers: Layers,
}

impl<Layers, const IN: usize, const OUT: usize> Backbone<Layers, IN, OUT> {
    /// The backbone of these layers, fit for a `static`.
    pub const fn new(layers: Layers) -> Self {
        Backbone { layers }
    }
}

impl<Layers: Chain, const IN: usize, const OUT: usize> Backbone<Layers, IN, OUT> {
    /// The features of `input`, which lie in `scratch`.
    ///
    /// A `scratch` of the generated `ACTIVATIONS` bytes is enough; its content does not matter.
    ///
    /// # Errors
    /// [`Error::Scratch`] if `scratch` is too short. [`Error::Length`] if the layers do not fit
    /// each other, which generated ones do.
    pub fn run<'s>(&self, input: &[i8; IN], scratch: &'s mut [i8]) -> Result<&'s [i8; OUT], Error> {
        let mut activations = Activations::new(input, scratch);
        self.layers.run(&mut activations)?;
        let features = activations.finish()?;
        <&[i8; OUT]>::try_from(features).map_err(|_| Error::Length {
            expected: OUT,
            found: features.len(),
        })
    }
}
