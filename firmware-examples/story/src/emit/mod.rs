//! The generated Rust module and its data.

mod layers;

use std::fmt::Debug;

use crate::{Story, Training};

/// A file to write.
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) content: Vec<u8>,
}

/// `story.rs` and the data that it includes.
pub(crate) fn files(story: &Story, training: &Training) -> Vec<File> {
    let mut module = Module::default();
    module
        .text
        .push_str("// Generated from a story's folder by the crate `story`.\n");
    sizes(&mut module, story, training);
    layers::emit(&mut module, story);
    head(&mut module, story);
    dataset(&mut module, story);
    order(&mut module, story, training);
    let content = module.text.into_bytes();
    module.files.push(File {
        name: "story.rs".to_owned(),
        content,
    });
    module.files
}

#[derive(Default)]
struct Module {
    text: String,
    files: Vec<File>,
}

impl Module {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn constant(&mut self, doc: &str, name: &str, kind: &str, value: &dyn Debug) {
        self.line(&format!("/// {doc}\npub const {name}: {kind} = {value:?};"));
    }

    /// A static whose bytes lie in a file of their own, read as `kind`, which any bytes fit.
    fn blob(&mut self, doc: &str, name: &str, kind: &str, content: Vec<u8>) {
        let file = format!("story_{}.bin", name.to_lowercase());
        self.line(&format!(
            "/// {doc}\npub static {name}: {kind} = ::backbone::must_cast(*include_bytes!(concat!(\
             env!(\"OUT_DIR\"), \"/{file}\")));"
        ));
        self.files.push(File {
            name: file,
            content,
        });
    }
}

fn sizes(module: &mut Module, story: &Story, training: &Training) {
    let classes: Vec<&str> = story.classes.iter().map(|class| &**class).collect();
    let shape = &story.input_shape;
    module.line("#[cfg(not(target_endian = \"little\"))]");
    module.line("compile_error!(\"the story's tables are little-endian\");");
    module.constant("What the story is about.", "TITLE", "&str", &story.title());
    module.constant("The training order.", "MODE", "&str", &training.mode);
    let rank = format!("[usize; {}]", shape.len());
    module.constant("The shape of a sample.", "INPUT_SHAPE", &rank, shape);
    module.constant(
        "Elements of a sample.",
        "INPUT",
        "usize",
        &story.input_len(),
    );
    module.constant("Features a sample.", "FEATURES", "usize", &story.features);
    module.constant("Classes.", "CLASSES", "usize", &classes.len());
    module.constant(
        "Names of the classes.",
        "CLASS_NAMES",
        "[&str; CLASSES]",
        &classes,
    );
    module.constant(
        "Samples in the data set.",
        "SAMPLES",
        "usize",
        &story.samples(),
    );
    let scratch = story.plan.activations();
    module.constant(
        "Bytes of scratch for [`BACKBONE`].",
        "ACTIVATIONS",
        "usize",
        &scratch,
    );
    module.constant(
        "Multiplications a sample.",
        "MACS",
        "usize",
        &story.plan.macs(),
    );
    let doc = "`real = (feature - FEATURE_ZERO_POINT) * FEATURE_SCALE`.";
    module.constant(doc, "FEATURE_SCALE", "f32", &story.feature_scale);
    let doc = "The feature that stands for 0.";
    module.constant(doc, "FEATURE_ZERO_POINT", "i8", &story.feature_zero_point);
}

fn head(module: &mut Module, story: &Story) {
    let bytes = |values: &[f32]| {
        values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    };
    let doc = "The shipped head's kernel.";
    module.blob(
        doc,
        "KERNEL",
        "[[f32; CLASSES]; FEATURES]",
        bytes(&story.kernel),
    );
    module.blob(
        "The shipped head's bias.",
        "BIAS",
        "[f32; CLASSES]",
        bytes(&story.bias),
    );
}

fn dataset(module: &mut Module, story: &Story) {
    let inputs = bytes_of(&story.inputs);
    module.blob("The samples.", "INPUTS", "[[i8; INPUT]; SAMPLES]", inputs);
    module.blob(
        "Their classes.",
        "LABELS",
        "[u8; SAMPLES]",
        story.labels.clone(),
    );
    chosen(module, story, "FINETUNE", &story.finetune);
    chosen(module, story, "TEST", &story.test);
    let groups = [
        (
            "Rows to fine-tune on, in the order of collection.",
            "FINETUNE",
            &story.finetune,
        ),
        ("Rows to test on.", "TEST", &story.test),
        (
            "Rows to test for what the model knew before.",
            "SOURCE_TEST",
            &story.source_test,
        ),
    ];
    for (doc, name, rows) in groups {
        module.blob(
            doc,
            name,
            &format!("[u16; {}]", rows.len()),
            bytes_of_u16(rows),
        );
    }
}

fn order(module: &mut Module, story: &Story, training: &Training) {
    let adam = &story.folder.manifest.adam;
    let doc = "Adam's learning rate.";
    module.constant(doc, "LEARNING_RATE", "f32", &training.learning_rate);
    module.constant("Adam's first decay.", "BETA1", "f32", &(adam.beta1 as f32));
    module.constant("Adam's second decay.", "BETA2", "f32", &(adam.beta2 as f32));
    module.constant("Adam's epsilon.", "EPSILON", "f32", &(adam.eps as f32));
    module.constant("Samples a step.", "BATCH", "usize", &training.batch);
    module.constant("Steps.", "STEPS", "usize", &training.steps());
    let steps = "[[u16; BATCH]; STEPS]";
    module.blob(
        "Rows of each step.",
        "ORDER",
        steps,
        bytes_of_u16(&training.order),
    );
    let distinct = training.distinct();
    module.constant(
        "Rows that occur in [`ORDER`].",
        "DISTINCT",
        "usize",
        &distinct.len(),
    );
    let doc = "These rows, by first use: what a replay buffer holds.";
    module.blob(
        doc,
        "DISTINCT_ROWS",
        "[u16; DISTINCT]",
        bytes_of_u16(&distinct),
    );
    chosen(module, story, "DISTINCT", &distinct);
    let place = |row: &u16| distinct.iter().position(|other| other == row).unwrap_or(0) as u16;
    let replay: Vec<u16> = training.order.iter().map(place).collect();
    let doc = "[`ORDER`] as positions in [`DISTINCT_ROWS`].";
    module.blob(doc, "REPLAY", steps, bytes_of_u16(&replay));
}

/// Some of the samples and their classes, for programs whose flash does not hold all of them.
fn chosen(module: &mut Module, story: &Story, group: &str, rows: &[u16]) {
    let length = story.input_len();
    let inputs = |&row: &u16| {
        let start = usize::from(row) * length;
        bytes_of(&story.inputs[start..start + length])
    };
    module.blob(
        "Only these samples.",
        &format!("{group}_INPUTS"),
        &format!("[[i8; INPUT]; {}]", rows.len()),
        rows.iter().flat_map(inputs).collect(),
    );
    module.blob(
        "Their classes.",
        &format!("{group}_LABELS"),
        &format!("[u8; {}]", rows.len()),
        rows.iter()
            .map(|&row| story.labels[usize::from(row)])
            .collect(),
    );
}

fn bytes_of(values: &[i8]) -> Vec<u8> {
    values.iter().map(|&value| value as u8).collect()
}

fn bytes_of_u16(values: &[u16]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}
