use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::Error;
use crate::error::expect;
use crate::manifest::Manifest;

/// A story's folder: its manifest, and its files checked against it.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    pub(crate) manifest: Manifest,
}

/// An array's shape and its bytes, which are as many as the shape and the type say.
pub(crate) struct Array {
    pub(crate) path: PathBuf,
    pub(crate) shape: Vec<usize>,
    pub(crate) bytes: Vec<u8>,
}

impl Folder {
    /// Reads `path/manifest.json`.
    pub fn open(path: impl Into<PathBuf>) -> Result<Folder, Error> {
        let path = path.into();
        let file = path.join("manifest.json");
        let text = read(&file)?;
        let manifest =
            serde_json::from_slice(&text).map_err(|source| Error::Json { path: file, source })?;
        Ok(Folder { path, manifest })
    }

    /// The folder's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn manifest_path(&self) -> PathBuf {
        self.path.join("manifest.json")
    }

    /// The features that TensorFlow Lite computed, one row a sample.
    pub fn features(&self) -> Result<Vec<i8>, Error> {
        Ok(self.array("feat_i8.bin", "int8")?.int8())
    }

    /// A file's bytes, whose number and hash are the manifest's.
    pub(crate) fn bytes(&self, name: &str) -> Result<Vec<u8>, Error> {
        let entry = self.manifest.files.get(name).ok_or_else(|| {
            Error::mismatch(
                &self.manifest_path(),
                "files",
                format_args!("{name:?}"),
                "no entry",
            )
        })?;
        let path = self.path.join(name);
        let bytes = read(&path)?;
        expect(&path, "length in bytes", entry.bytes, bytes.len() as u64)?;
        if let Some(expected) = &entry.sha256 {
            let mut found: String = Sha256::digest(&bytes)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            // The manifest keeps the first digits.
            found.truncate(expected.len());
            expect(&path, "SHA-256", expected.to_lowercase(), found)?;
        }
        Ok(bytes)
    }

    /// An array of elements of type `dtype`.
    pub(crate) fn array(&self, name: &str, dtype: &str) -> Result<Array, Error> {
        let bytes = self.bytes(name)?;
        let manifest = self.manifest_path();
        // `bytes` found it above.
        let entry = self.manifest.files.get(name);
        let declared = entry
            .and_then(|entry| entry.dtype.as_deref())
            .unwrap_or("no type");
        expect(
            &manifest,
            format_args!("files, {name:?}, dtype"),
            dtype,
            declared,
        )?;
        let shape = entry
            .and_then(|entry| entry.shape.clone())
            .unwrap_or_default();
        let shape: Vec<usize> = shape.into_iter().map(|n| n as usize).collect();
        let length = shape
            .iter()
            .try_fold(size_of_dtype(dtype), |n, &d| n.checked_mul(d));
        let path = self.path.join(name);
        expect(
            &path,
            format_args!("bytes of {dtype} {shape:?}"),
            length,
            Some(bytes.len()),
        )?;
        Ok(Array { path, shape, bytes })
    }
}

impl Array {
    pub(crate) fn int8(&self) -> Vec<i8> {
        self.bytes.iter().map(|&byte| byte as i8).collect()
    }

    pub(crate) fn uint16(&self) -> Vec<u16> {
        let (values, _) = self.bytes.as_chunks();
        values
            .iter()
            .map(|&bytes| u16::from_le_bytes(bytes))
            .collect()
    }

    pub(crate) fn float32(&self) -> Vec<f32> {
        let (values, _) = self.bytes.as_chunks();
        values
            .iter()
            .map(|&bytes| f32::from_le_bytes(bytes))
            .collect()
    }

    pub(crate) fn expect_shape(&self, expected: &[usize]) -> Result<(), Error> {
        expect(&self.path, "shape", expected, &self.shape[..])
    }
}

fn size_of_dtype(dtype: &str) -> usize {
    match dtype {
        "uint16" => 2,
        "int32" | "float32" => 4,
        _ => 1,
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|source| Error::Io {
        path: path.to_owned(),
        source,
    })
}
