//! Object-based checkpoints on either side of a conversion.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use super::selection::{Selected, Slots};
use super::source::Source;
use super::{Form, Format, Options, read};
use crate::bundle;
use crate::checkpoint::{Checkpoint, Saved};
use crate::error::{Error, Result};
use crate::management::ManagementError;
use crate::mapping::Mapping;
use crate::name::Name;
use crate::object_graph::OBJECT_GRAPH_KEY;
use crate::profile::{FlatVariables, GLOBAL_STEP, Profile};
use crate::tensor::TensorView;
use crate::variables::{Saveable, Variable};

/// What becomes of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrangement {
    /// Tensors keep the names that they have in the source, an object graph is copied if all is.
    Keys,
    /// Variables have flat names.
    Names,
    /// Variables become objects.
    Objects,
}

impl Arrangement {
    /// What the options ask for, given what there is.
    pub(super) fn of(source: &Source, format: Format, options: &Options) -> Result<Arrangement> {
        let has_graph = has_graph(source)?;
        let mapping = &options.mapping;
        let to_objects = match options.form {
            Form::Objects => true,
            Form::Automatic => mapping.profile.is_some() && format == Format::V2,
            Form::Names | Form::Keys => false,
        };
        if to_objects && format != Format::V2 {
            return Err(Error::InvalidArgument(
                "only a V2 bundle can hold objects: leave out the form, or give OUT no ending"
                    .to_owned(),
            ));
        }
        if to_objects {
            return Ok(Arrangement::Objects);
        }
        if !has_graph && (mapping.profile.is_some() || mapping.describes_objects()) {
            return Err(Error::InvalidArgument(
                "a profile or mapping arranges objects, but neither IN nor OUT has any: IN is no \
                 object-based checkpoint, and OUT becomes one only as a V2 bundle with a profile"
                    .to_owned(),
            ));
        }
        let as_it_is = format == Format::V2
            && options.selection.is_everything()
            && *mapping == Mapping::default();
        Ok(match options.form {
            Form::Keys => Arrangement::Keys,
            Form::Automatic if as_it_is || !has_graph => Arrangement::Keys,
            _ => Arrangement::Names,
        })
    }
}

/// Whether the tensors go out under the keys of an object graph.
pub(super) fn keeps_keys(source: &Source) -> Result<bool> {
    Ok(matches!(source, Source::Bundle(_)) && has_graph(source)?)
}

fn has_graph(source: &Source) -> Result<bool> {
    match source {
        Source::Bundle(reader) => reader.contains(OBJECT_GRAPH_KEY),
        Source::Objects(_) => Ok(true),
        _ => Ok(false),
    }
}

/// The source with flat names, if it is a bundle with an object graph.
///
/// The mapping describes the objects on the side that is written, if there are any.
pub(super) fn flattened(
    source: &Source,
    arrangement: Arrangement,
    mapping: &Mapping,
) -> Result<Option<Source>, ManagementError> {
    let Source::Bundle(reader) = source else {
        return Ok(None);
    };
    if arrangement == Arrangement::Keys || !has_graph(source)? {
        return Ok(None);
    }
    let names_only = Mapping {
        assign: mapping.assign.clone(),
        ..Mapping::default()
    };
    let mapping = match arrangement {
        Arrangement::Objects => &names_only,
        _ => mapping,
    };
    let reader = bundle::Reader::open(reader.prefix())?;
    Ok(Some(Source::Objects(FlatVariables::new(reader, mapping)?)))
}

/// New names for what a mapping assigns; slots go with their variables.
pub(super) fn renamed(mapping: &Mapping, names: &[Name]) -> Result<BTreeMap<String, String>> {
    if mapping.assign.is_empty() {
        return Ok(BTreeMap::new());
    }
    let texts: HashSet<&str> = names.iter().filter_map(Name::as_str).collect();
    mapping.check_assignments(texts.iter().copied())?;
    let renamed = texts.iter().map(|name| {
        let new = with_owner(mapping, &texts, name);
        ((*name).to_owned(), new)
    });
    Ok(renamed.filter(|(old, new)| old != new).collect())
}

/// The new name of a tensor: its own, or that of the variable which it is a slot of.
fn with_owner(mapping: &Mapping, names: &HashSet<&str>, name: &str) -> String {
    if !mapping.assign.contains_key(name)
        && let Some((owner, slot)) = name.rsplit_once('/')
        && names.contains(owner)
    {
        return format!("{}/{slot}", with_owner(mapping, names, owner));
    }
    mapping.assigned(name)
}

/// Selected tensors of a source as variables.
struct SelectedVariables<'s> {
    source: &'s Source,
    selected: Vec<&'s Selected>,
}

impl Saveable for SelectedVariables<'_> {
    fn variables(&self) -> Result<Vec<Variable>> {
        let variable = |one: &&Selected| Variable::new(one.target.clone(), one.dtype, &one.shape);
        Ok(self.selected.iter().map(variable).collect())
    }

    fn look(
        &self,
        number: usize,
        look: &mut dyn FnMut(TensorView<'_>) -> Result<()>,
    ) -> Result<()> {
        let Some(selected) = self.selected.get(number) else {
            return Ok(());
        };
        look(read(self.source, selected)?.1.view())
    }
}

/// Writes an object-based checkpoint with a counter of saves, as `tf.train.Checkpoint.save` does.
pub(super) fn write(
    source: &Source,
    selected: &[Selected],
    prefix: &Path,
    options: &Options,
) -> Result<Saved, ManagementError> {
    let mapping = &options.mapping;
    let mut variables = SelectedVariables {
        source,
        selected: selected.iter().collect(),
    };
    if let Source::Device(device) = source {
        // A device enumerates its layers in the order of the model.
        let tensors = device.tensors().enumerate();
        let places: HashMap<Name, usize> = tensors
            .map(|(place, tensor)| (Name::from(tensor.name), place))
            .collect();
        variables
            .selected
            .sort_by_key(|one| places.get(&one.source).copied());
    }
    if options.selection.slots == Slots::Drop && mapping.profile() != Profile::V1 {
        // Keras counts steps in the optimizer.
        variables.selected.retain(|one| one.target != GLOBAL_STEP);
    }
    let names = variables.selected.iter();
    mapping.check_names(names.filter_map(|one| one.target.as_str()))?;
    Checkpoint::new(mapping.clone())
        .durability(options.durability)
        .counting_from(number_of(prefix))
        .write(&variables, prefix)
}

/// The number that a prefix ends with: `ckpt-7` was save 7. Without one it is the first save.
fn number_of(prefix: &Path) -> i64 {
    let name = prefix.file_name().and_then(|name| name.to_str());
    let number = name.and_then(|name| name.rsplit_once('-')?.1.parse().ok());
    number.filter(|number| *number > 0).unwrap_or(1)
}
