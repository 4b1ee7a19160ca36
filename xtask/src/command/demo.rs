//! `cargo xtask demo`
use super::{BOARD, Bench, JSON, MODE, STORY, format};
use crate::{
    args::{Arguments, Command},
    emulator::{Echo, Exit, Time},
    example,
    figures::{self, Figure, Format},
    firmware::Log,
    gradlet::{self, Gradlet},
    root, say,
    story::{Head, Story},
};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{
    env, fs,
    path::{Path, PathBuf},
};

pub(super) const COMMAND: Command = Command {
    name: "demo",
    summary: "Fine-tune on a board, convert the checkpoint, compare with TensorFlow",
    words: &[],
    flags: &[BOARD, STORY, MODE, JSON],
    details: "The story is the one that --story or GRADLET_STORY names, otherwise wand_digits. The board's log is\n\
        shown as it comes; the figures and the files written come on standard output. It fails if the\n\
        head is not TensorFlow's.",
    run,
};

/// How far weights and slots may be from TensorFlow's.
const TOLERANCE: f32 = 1e-5;

/// What a demo has shown and written.
pub(super) struct Demo {
    figures: Vec<Figure>,
    files: Vec<String>,
    /// Where the checkpoint is, and beneath it TensorFlow's form of it.
    pub(super) folder: PathBuf,
    /// The story that was told.
    pub(super) story: Story,
}

fn run(arguments: &Arguments) -> Result<()> {
    let bench = Bench::for_board_of(arguments)?;
    let demo = show(&bench, arguments)?;
    match format(arguments) {
        Format::Lines => {
            print!("{}", figures::text(&demo.figures, Format::Lines));
            demo.files.iter().for_each(|file| println!("wrote {file}"));
        }
        Format::Json => {
            let mut all = figures::json(&demo.figures);
            all.insert("demo.files".into(), demo.files.into());
            println!("{:#}", Value::Object(all));
        }
    }
    Ok(())
}

/// Trains on the board, converts, compares.
pub(super) fn show(bench: &Bench, arguments: &Arguments) -> Result<Demo> {
    let example = example::find("finetune")?;
    let mut source = bench.source(&example, arguments)?;
    let named = || env::var_os("GRADLET_STORY").map(PathBuf::from);
    let folder = arguments.path(STORY.name).or_else(named).or(source.story);
    let story = Story::open(&folder.context("finetune names no story for this board")?)?;
    source.story = Some(story.folder().into());
    let mode = source.mode.get_or_insert_with(|| "replay".into()).clone();
    let reference = story.reference(&mode)?;
    let program = bench.build(&example, source, Log::On)?;

    let place = format!("{}-{mode}", story.name());
    let folder = root::target()
        .join("demo")
        .join(&bench.board.name)
        .join(place);
    // What an earlier demo left must not pass for the result of this one.
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    say::step(&format!(
        "{} on {}, {mode}",
        story.title(),
        bench.board.name
    ));
    let outcome = bench.run_in(&folder, &program, Time::Free, Echo::Loud)?;
    if outcome.exit != Exit::Success {
        bail!(
            "finetune ended with {} {}",
            outcome.exit,
            outcome.complaint.trim()
        );
    }

    say::step("converting the checkpoint for TensorFlow and comparing");
    let gradlet = Gradlet::build(&bench.machine)?;
    let checkpoint = folder.join("checkpoint.gck");
    let converted = convert(&gradlet, &checkpoint, &folder.join("tensorflow/model.ckpt"))?;
    let head = read_head(&gradlet, &converted.bundle)?;
    let mut all = vec![
        printed(&outcome.text, "accuracy_before")?,
        printed(&outcome.text, "accuracy_after")?,
    ];
    let weights = head.difference_of_variables(&reference)?;
    let slots = head.difference_of_slots(&reference)?;
    let differences = story.prediction_differences(&head, &reference)?;
    all.extend([
        Figure::new(
            "demo.max_abs_diff_weights",
            format!("{weights:e}"),
            "absolute",
        ),
        Figure::new("demo.max_abs_diff_slots", format!("{slots:e}"), "absolute"),
        Figure::new("demo.prediction_differences", differences, "sample"),
        printed(&outcome.text, "checkpoint")?,
    ]);
    // The negation, so that NaN fails too.
    if !(weights <= TOLERANCE && slots <= TOLERANCE) || differences > 0 {
        let figures = figures::text(&all, Format::Lines);
        bail!("the head is not TensorFlow's:\n{figures}");
    }
    let mut files = vec![checkpoint.display().to_string()];
    files.extend(converted.files);
    Ok(Demo {
        figures: all,
        files,
        folder,
        story,
    })
}

struct Converted {
    bundle: PathBuf,
    files: Vec<String>,
}

fn convert(gradlet: &Gradlet<'_>, checkpoint: &Path, output: &Path) -> Result<Converted> {
    let (from, to) = (checkpoint.to_string_lossy(), output.to_string_lossy());
    gradlet.json(&["verify", &from])?;
    let converted = gradlet.json(&["convert", &from, &to])?;
    let files = converted["files"].as_array().into_iter().flatten();
    let files: Vec<String> = files
        .filter_map(|file| file.as_str().map(String::from))
        .collect();
    let index = files.iter().find_map(|file| file.strip_suffix(".index"));
    let bundle = PathBuf::from(index.context("gradlet convert wrote no .index file")?);
    gradlet.json(&["verify", &bundle.to_string_lossy()])?;
    Ok(Converted { bundle, files })
}

fn read_head(gradlet: &Gradlet<'_>, bundle: &Path) -> Result<Head> {
    let inspected = gradlet.json(&["inspect", &bundle.to_string_lossy()])?;
    let part = |name: &str| gradlet::tensor(&inspected, bundle, name);
    Ok(Head {
        variables: [part("head/kernel")?, part("head/bias")?],
        slots: [
            part("head/kernel/Adam")?,
            part("head/kernel/Adam_1")?,
            part("head/bias/Adam")?,
            part("head/bias/Adam_1")?,
        ],
    })
}

/// A figure of the program's, under the demo's name.
fn printed(text: &str, name: &str) -> Result<Figure> {
    let figure = text
        .lines()
        .filter_map(Figure::from_line)
        .find(|figure| figure.name == name);
    let figure = figure.with_context(|| format!("finetune printed no {name}"))?;
    Ok(Figure::new(
        format!("demo.{name}"),
        figure.value,
        figure.unit,
    ))
}
