//! Which variable is which object: the choices that an object-based checkpoint needs, from a small
//! TOML file or a built-in profile.
//!
//! ```toml
//! profile = "keras3"          # v1 | keras3 | tf_keras | tf_keras_legacy
//! model = "model"             # where tf.train.Checkpoint holds the model
//! optimizer = "optimizer"     # and the optimizer
//!
//! [hyperparameters]           # what Keras stores beside the variables
//! learning_rate = 0.01
//!
//! [layers]                    # which layer of the model is which, where the order does not tell
//! "head" = 3
//!
//! [paths]                     # objects of your own: variable = "attribute/names/from/the/root"
//! "scaler/mean" = "scaler/mean"
//!
//! [assign]                    # names in the checkpoint = names here, as in init_from_checkpoint
//! "dense/" = "head/"
//! ```
//!
//! Keras 3 puts the name of a Sequential model before those of its variables: there
//! `"sequential/" = ""` gives the names that the layers have.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::Error;
use crate::name::Name;
use crate::profile::Profile;
use crate::similar::most_similar;

/// How variables are arranged as objects. The default is TensorFlow 1's profile.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Mapping {
    /// Whose objects they are; TensorFlow 1's unless given.
    pub profile: Option<Profile>,
    /// Attribute names from the root to the model, joined by `/`; empty where the root is the model
    /// itself. Unless given, `model` for Keras and nothing for TensorFlow 1, where variables are
    /// found by the parts of their names.
    pub model: Option<String>,
    /// Attribute names from the root to the optimizer; `optimizer` unless given.
    pub optimizer: Option<String>,
    /// Values of the optimizer that Keras stores as variables: `learning_rate`, `beta_1`, …
    pub hyperparameters: BTreeMap<String, f32>,
    /// Number of each layer in the model, by its name: in Keras 3 its place among the model's
    /// operations (the input is 0), in `tf_keras` among the layers with weights (the first is 0).
    pub layers: BTreeMap<String, usize>,
    /// Attribute names from the root to single variables, by the variable's name.
    pub paths: BTreeMap<String, String>,
    /// Names or scopes (`dense/`) in the checkpoint, and what they are called here.
    pub assign: BTreeMap<String, String>,
}

/// Why a mapping file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MappingError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] Error),
    /// The text is no mapping.
    #[error("{}: {reason}", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
}

impl Mapping {
    /// The mapping of a built-in profile.
    pub fn new(profile: Profile) -> Mapping {
        Mapping {
            profile: Some(profile),
            ..Mapping::default()
        }
    }

    /// Whose objects variables are: the profile given, or TensorFlow 1's.
    pub fn profile(&self) -> Profile {
        self.profile.unwrap_or_default()
    }

    /// Whether it says anything of objects, beside new names and the profile.
    pub(crate) fn describes_objects(&self) -> bool {
        let Mapping {
            profile: _,
            model,
            optimizer,
            hyperparameters,
            layers,
            paths,
            assign: _,
        } = self;
        model.is_some()
            || optimizer.is_some()
            || !(hyperparameters.is_empty() && layers.is_empty() && paths.is_empty())
    }

    /// Reads a mapping file.
    ///
    /// # Errors
    /// The file cannot be read, or holds something else.
    pub fn read(path: impl AsRef<Path>) -> Result<Mapping, MappingError> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
        Mapping::from_toml(&text).map_err(|reason| MappingError::Text {
            path: path.to_path_buf(),
            reason,
        })
    }

    /// Reads the text of a mapping file; what is wrong with it if it is none.
    pub fn from_toml(text: &str) -> Result<Mapping, String> {
        let mapping: Mapping =
            toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        for (from, to) in &mapping.assign {
            if from.ends_with('/') != (to.ends_with('/') || to.is_empty()) {
                let line = line_of(text, from);
                return Err(format!(
                    "line {line}: [assign] \"{from}\" = \"{to}\": a scope (ending with `/`) can \
                     only become a scope, a name only a name"
                ));
            }
        }
        Ok(mapping)
    }

    /// The attribute names that lead to the optimizer.
    pub(crate) fn optimizer_path(&self) -> impl Iterator<Item = &str> {
        parts(self.optimizer.as_deref().unwrap_or("optimizer"))
    }

    /// The attribute names that lead to the model.
    pub(crate) fn model_path(&self) -> impl Iterator<Item = &str> {
        let default = match self.profile() {
            Profile::V1 => "",
            Profile::Keras3 | Profile::TfKeras | Profile::TfKerasLegacy => "model",
        };
        parts(self.model.as_deref().unwrap_or(default))
    }

    /// Checks that every assignment has something to assign among `names`, as
    /// `init_from_checkpoint` does.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] with the nearest name.
    pub(crate) fn check_assignments<'n>(
        &self,
        names: impl Iterator<Item = &'n str> + Clone,
    ) -> Result<(), Error> {
        for from in self.assign.keys() {
            let found = match from.ends_with('/') {
                true => from == "/" || names.clone().any(|name| name.starts_with(from.as_str())),
                false => names.clone().any(|name| name == from),
            };
            if found {
                continue;
            }
            let what = match from.ends_with('/') {
                true => "nothing in the scope",
                false => "no tensor",
            };
            let scopes = names.clone().filter_map(|name| {
                let (scope, _) = name.rsplit_once('/')?;
                name.get(..=scope.len())
            });
            let near = match from.ends_with('/') {
                true => most_similar(from.as_bytes(), scopes.map(str::as_bytes)),
                false => most_similar(from.as_bytes(), names.clone().map(str::as_bytes)),
            };
            let hint = near
                .map(|near| format!("; did you mean \"{}\"?", Name::from(near)))
                .unwrap_or_default();
            return Err(Error::InvalidArgument(format!(
                "[assign] of the mapping: the input has {what} \"{from}\"{hint}"
            )));
        }
        Ok(())
    }

    /// Checks that every layer and every variable with a path of its own is among `names`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] with the nearest name.
    pub(crate) fn check_names<'n>(
        &self,
        names: impl Iterator<Item = &'n str> + Clone,
    ) -> Result<(), Error> {
        let layers = names
            .clone()
            .map(|name| name.rsplit_once('/').map_or("", |(layer, _)| layer));
        let sections = [
            (
                "layers",
                self.layers.keys().collect::<Vec<_>>(),
                layers.collect::<Vec<_>>(),
            ),
            ("paths", self.paths.keys().collect(), names.collect()),
        ];
        for (section, given, known) in sections {
            let Some(unknown) = given
                .into_iter()
                .find(|name| !known.contains(&name.as_str()))
            else {
                continue;
            };
            let near = most_similar(unknown.as_bytes(), known.iter().map(|name| name.as_bytes()));
            let hint = near
                .map(|near| format!("; did you mean \"{}\"?", Name::from(near)))
                .unwrap_or_default();
            return Err(Error::InvalidArgument(format!(
                "[{section}] of the mapping: nothing is called \"{unknown}\"{hint}"
            )));
        }
        Ok(())
    }

    /// What a tensor of the checkpoint is called here (`init_from_checkpoint`'s assignment map):
    /// an assignment of the whole name wins over one of a scope, a longer scope over a shorter.
    pub fn assigned(&self, name: &str) -> String {
        if let Some(other) = self.assign.get(name) {
            return other.clone();
        }
        let scopes = self.assign.iter().filter(|(scope, _)| scope.ends_with('/'));
        let matching = scopes.filter_map(|(scope, other)| {
            let rest = if scope == "/" {
                name
            } else {
                name.strip_prefix(scope.as_str())?
            };
            Some((scope.len(), format!("{other}{rest}")))
        });
        match matching.max_by_key(|(length, _)| *length) {
            Some((_, renamed)) => renamed,
            None => name.to_owned(),
        }
    }
}

/// The line of a mapping file on which `[assign]` says what becomes of `from`, counted from 1.
fn line_of(text: &str, from: &str) -> usize {
    let names = |line: &str| {
        let key = line.split_once('=').map_or("", |(key, _)| key.trim());
        key.trim_matches(['"', '\'']) == from
    };
    let section = text.lines().position(|line| line.trim() == "[assign]");
    let start = section.unwrap_or(0);
    let place = text.lines().skip(start).position(names);
    start + place.unwrap_or(0) + 1
}

/// The parts of a path of attribute names.
pub(crate) fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_file_is_read() {
        let text = "profile = \"keras3\"\n[hyperparameters]\nlearning_rate = 0.01\n[layers]\nhead \
                    = 3\n[assign]\n\"dense/\" = \"head/\"\n\"/\" = \"old/\"\n\"step\" = \
                    \"global_step\"\n";
        let mapping = Mapping::from_toml(text).unwrap();
        assert_eq!(mapping.profile(), Profile::Keras3);
        assert_eq!(mapping.hyperparameters["learning_rate"], 0.01);
        for (name, expected) in [
            ("dense/kernel", "head/kernel"),
            ("step", "global_step"),
            ("out/kernel", "old/out/kernel"),
        ] {
            assert_eq!(mapping.assigned(name), expected);
        }
    }

    #[test]
    fn mistakes_in_a_mapping_file_are_explained() {
        for (text, expected) in [
            ("profil = \"v1\"", "unknown field `profil`"),
            ("profile = \"keras4\"", "unknown variant `keras4`"),
            ("[assign]\n\"a/\" = \"b\"", "line 2: [assign]"),
            ("[assign]\n\"a/\" = \"b\"", "can only become a scope"),
            ("# nothing\n[assing]\na = 1", "line 2"),
            ("[layers]\nhead = -1", "line 2"),
        ] {
            let reason = Mapping::from_toml(text).unwrap_err();
            assert!(reason.contains(expected), "{text:?} gives {reason:?}");
        }
    }
}
