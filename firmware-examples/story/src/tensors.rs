//! The int8 graph's tensors, each read with a check.

use std::fmt::{Debug, Display};
use std::path::PathBuf;

use crate::Error;
use crate::error::expect;
use crate::folder::Folder;
use crate::manifest::Tensor;

/// A quantized activation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Activation8 {
    /// Without the batch.
    pub(crate) shape: Vec<u16>,
    pub(crate) scale: f32,
    pub(crate) zero_point: i8,
}

impl Activation8 {
    pub(crate) fn elements(&self) -> usize {
        self.shape.iter().map(|&n| usize::from(n)).product()
    }

    pub(crate) fn quantization(&self) -> (f32, i8) {
        (self.scale, self.zero_point)
    }
}

/// The tensors and the constants that they point to.
pub(crate) struct Tensors<'a> {
    manifest: PathBuf,
    blob: PathBuf,
    tensors: &'a [Tensor],
    constants: Vec<u8>,
}

impl<'a> Tensors<'a> {
    pub(crate) fn of(folder: &'a Folder) -> Result<Tensors<'a>, Error> {
        const BLOB: &str = "backbone_int8.bin";
        Ok(Tensors {
            manifest: folder.manifest_path(),
            blob: folder.path().join(BLOB),
            tensors: &folder.manifest.int8_graph.tensors,
            constants: folder.bytes(BLOB)?,
        })
    }

    /// `Ok` if the manifest holds at `what` what it should.
    pub(crate) fn expect<T: PartialEq + Debug>(
        &self,
        what: impl Display,
        expected: T,
        found: T,
    ) -> Result<(), Error> {
        expect(&self.manifest, what, expected, found)
    }

    /// The manifest holds at `what` something else than it should.
    pub(crate) fn fault(
        &self,
        what: impl Display,
        expected: impl Display,
        found: impl Debug,
    ) -> Error {
        Error::mismatch(&self.manifest, what, expected, format_args!("{found:?}"))
    }

    fn tensor(&self, index: i64) -> Result<&'a Tensor, Error> {
        let found = self.tensors.iter().find(|tensor| tensor.index == index);
        found.ok_or_else(|| {
            let indices: Vec<i64> = self.tensors.iter().map(|tensor| tensor.index).collect();
            self.fault("int8_graph, tensors", format!("index {index}"), indices)
        })
    }

    /// An activation, without its batch of one.
    pub(crate) fn activation(&self, index: i64) -> Result<Activation8, Error> {
        let tensor = self.tensor(index)?;
        let what = |part: &str| format!("int8_graph, tensor {index}, {part}");
        self.expect(what("dtype"), "int8", &*tensor.dtype)?;
        let (&[scale], &[zero_point]) = (&tensor.scales[..], &tensor.zero_points[..]) else {
            let found = (tensor.scales.len(), tensor.zero_points.len());
            return Err(self.fault(what("numbers of scales and zero points"), "(1, 1)", found));
        };
        let Some((&batch, shape)) = tensor.shape.split_first() else {
            return Err(self.fault(what("shape"), "a batch of 1 and more", &tensor.shape));
        };
        self.expect(what("batch"), 1, batch)?;
        Ok(Activation8 {
            shape: self.dimensions(&what("shape"), shape)?,
            scale: self.scale(&what("scale"), scale)?,
            zero_point: self.int8(&what("zero point"), zero_point)?,
        })
    }

    /// A constant of type `dtype`, and its bytes.
    pub(crate) fn constant(&self, index: i64, dtype: &str) -> Result<(&'a Tensor, &[u8]), Error> {
        let tensor = self.tensor(index)?;
        let what = |part: &str| format!("int8_graph, tensor {index}, {part}");
        self.expect(what("dtype"), dtype, &*tensor.dtype)?;
        let (Some(offset), Some(bytes)) = (tensor.offset, tensor.bytes) else {
            let found = (tensor.offset, tensor.bytes);
            return Err(self.fault(what("place"), "an offset and a number of bytes", found));
        };
        let element = if dtype == "int32" { 4 } else { 1 };
        let mut sides = tensor.shape.iter();
        let length = sides.try_fold(element, |n: u64, &side| n.checked_mul(side));
        self.expect(what("bytes"), length, Some(bytes))?;
        let end = offset.checked_add(bytes);
        let place = end.and_then(|end| self.constants.get(offset as usize..end as usize));
        let place = place.ok_or_else(|| {
            let what = format!("place of tensor {index}");
            let expected = format!("{bytes} bytes at {offset}");
            let found = format!("{} bytes in all", self.constants.len());
            Error::mismatch(&self.blob, what, expected, found)
        })?;
        Ok((tensor, place))
    }

    pub(crate) fn dimensions(&self, what: &str, shape: &[u64]) -> Result<Vec<u16>, Error> {
        shape
            .iter()
            .map(|&side| self.dimension(what, side))
            .collect()
    }

    pub(crate) fn dimension(&self, what: &str, side: u64) -> Result<u16, Error> {
        let fits = u16::try_from(side).ok().filter(|&side| side > 0);
        fits.ok_or_else(|| self.fault(what, "a number from 1 to 65535", side))
    }

    pub(crate) fn int8(&self, what: &str, value: i64) -> Result<i8, Error> {
        let fits = i8::try_from(value);
        fits.map_err(|_| self.fault(what, "a number from -128 to 127", value))
    }

    /// A scale, of which JSON has the decimal digits of a float32.
    pub(crate) fn scale(&self, what: &str, value: f64) -> Result<f32, Error> {
        let scale = value as f32;
        if scale.is_normal() && scale > 0.0 {
            return Ok(scale);
        }
        Err(self.fault(what, "a positive number", value))
    }
}
