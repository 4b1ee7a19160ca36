//! Files that TensorFlow wrote, and what it says is in them.
//!
//! The folder comes from the variable `GRADLET_GOLDEN`, else it is `tests/data/golden`. Everything
//! is driven by its `MANIFEST.json`, so that another folder of the same form can take its place.

use std::path::{Path, PathBuf};
use std::{env, fs};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A folder of goldens.
#[derive(Debug)]
pub struct Golden {
    root: PathBuf,
    manifest: Manifest,
}

#[derive(Debug, Deserialize)]
struct Manifest {
    cases: Vec<Case>,
}

/// One case: files that one run of TensorFlow wrote.
#[derive(Debug, Deserialize)]
pub struct Case {
    /// Its name, unique in the folder.
    pub name: String,
    /// What kind of files they are.
    pub kind: String,
    /// The files.
    pub files: Vec<GoldenFile>,
    /// What only cases of this kind have.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

/// A file of a case.
#[derive(Debug, Deserialize)]
pub struct GoldenFile {
    /// Relative to the folder of goldens.
    pub path: String,
    /// Its length.
    pub size: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

/// A tensor as TensorFlow restored it.
#[derive(Debug, Deserialize)]
pub struct GoldenTensor {
    /// Its name.
    pub key: String,
    /// `tf.DType.name`.
    pub dtype: String,
    /// Sizes, outermost first.
    pub shape: Vec<u64>,
    /// SHA-256 of the little-endian C-order bytes; for strings of each length (8 bytes,
    /// little-endian) and its bytes.
    pub sha256: String,
}

/// A bundle that a case describes tensor by tensor.
#[derive(Debug, Deserialize)]
pub struct GoldenBundle {
    /// Relative to the folder of goldens.
    pub prefix: String,
    /// Its tensors in the order of their names; empty where the case describes them otherwise.
    #[serde(default)]
    pub tensors: Vec<GoldenTensor>,
    /// Number of data files.
    pub num_shards: Option<u32>,
    /// Number of records in the index, the header among them.
    pub index_entries: Option<usize>,
    /// Number of data blocks of the index.
    pub index_blocks: Option<usize>,
}

/// The folder of goldens.
pub fn folder() -> PathBuf {
    match env::var_os("GRADLET_GOLDEN") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("data/golden"),
    }
}

impl Golden {
    /// Reads the manifest of [`folder`].
    ///
    /// # Panics
    /// If it cannot be read or lists no cases: a test without cases would prove nothing.
    pub fn load() -> Golden {
        let root = folder();
        let path = root.join("MANIFEST.json");
        let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let manifest: Manifest = serde_json::from_slice(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(
            !manifest.cases.is_empty(),
            "{} lists no cases",
            path.display()
        );
        Golden { root, manifest }
    }

    /// All cases.
    pub fn cases(&self) -> &[Case] {
        &self.manifest.cases
    }

    /// The cases of these kinds.
    ///
    /// # Panics
    /// If there are none.
    pub fn of_kind(&self, kinds: &[&str]) -> Vec<&Case> {
        let cases: Vec<&Case> = self
            .cases()
            .iter()
            .filter(|case| kinds.contains(&case.kind.as_str()))
            .collect();
        assert!(
            !cases.is_empty(),
            "{} has no case of kind {kinds:?}",
            self.root.display()
        );
        cases
    }

    /// Where a path of the manifest lies.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The bytes of a file of the manifest.
    ///
    /// # Panics
    /// If it cannot be read.
    pub fn read(&self, relative: &str) -> Vec<u8> {
        let path = self.path(relative);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Every bundle of every case, by its index: the case and the prefix.
    ///
    /// # Panics
    /// If there are none.
    pub fn bundle_prefixes(&self) -> Vec<(&Case, &str)> {
        let prefixes: Vec<(&Case, &str)> = self
            .cases()
            .iter()
            .flat_map(|case| case.files.iter().map(move |file| (case, file)))
            .filter_map(|(case, file)| Some((case, file.path.strip_suffix(".index")?)))
            .collect();
        assert!(
            !prefixes.is_empty(),
            "{} has no bundles",
            self.root.display()
        );
        prefixes
    }
}

impl Case {
    /// A field that cases of this kind have.
    ///
    /// # Panics
    /// If it is missing or of another form.
    pub fn field<T: DeserializeOwned>(&self, name: &str) -> T {
        self.optional(name)
            .unwrap_or_else(|| panic!("case {} has no field {name}", self.name))
    }

    /// A field that some cases of this kind have.
    ///
    /// # Panics
    /// If it is of another form.
    pub fn optional<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let value = self.fields.get(name)?.clone();
        let parsed = serde_json::from_value(value);
        Some(parsed.unwrap_or_else(|error| panic!("case {}, field {name}: {error}", self.name)))
    }

    /// The bundles that the case describes: fields that hold a prefix, or the case itself.
    pub fn bundles(&self) -> Vec<GoldenBundle> {
        let whole = Value::Object(self.fields.clone());
        self.fields
            .values()
            .chain([&whole])
            .filter(|value| value.get("prefix").is_some())
            .map(|value| {
                serde_json::from_value(value.clone())
                    .unwrap_or_else(|error| panic!("case {}: {error}", self.name))
            })
            .collect()
    }

    /// Files of the case, without the folder of the case.
    pub fn file_names(&self) -> Vec<&str> {
        self.files.iter().map(|file| file.path.as_str()).collect()
    }
}
