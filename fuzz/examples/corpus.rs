//! Writes the seeds of every target: what TensorFlow wrote, and what Gradlet writes today.
//!
//! `cargo xtask fuzz --corpus` runs it, after a format has changed. Inputs that once broke a
//! target stay beside them under names of their own.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use gradlet::checkpoint::{self, Choice, Encoder};
use gradlet::manager::{CheckpointManager, Claim, Keep, Options as ManagerOptions, SmallManager};
use gradlet::mock_flash::{MockFlash, storage_len};
use gradlet::samples::Header;
use gradlet::transport::{self, Buffer, Frame};
use gradlet::{Adam, Crc32c, Ftrl, Head, Momentum, Quantization, Variables};
use gradlet_fuzz::defmt::rzcobs;
use gradlet_fuzz::target::{CONTROL, bundle, parts};
use gradlet_host::bundle::{Reader, Writer};
use gradlet_host::convert::{Options, Source, convert};
use gradlet_host::example::{Example, Feature};
use gradlet_host::meta_graph::{Collection, GraphVariable, MetaGraph, saver_def};
use gradlet_host::object_graph::OBJECT_GRAPH_KEY;
use gradlet_host::records::{RecordReader, RecordWriter};
use gradlet_host::{DType, Extent, Slice, Strings, Tensor, TensorView, Variable};
// The fuzzer's library counts what the instrumentation of this program reports.
use libfuzzer_sys as _;

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/golden");
    let seeds = Seeds(&corpus);
    device(&seeds)?;
    flash(&seeds)?;
    line(&seeds)?;
    bundles(&seeds, &golden)?;
    own_bundle(&seeds)?;
    records(&seeds, &golden)?;
    texts(&seeds, &golden)?;
    samples(&seeds, &golden)?;
    log(&seeds)?;
    frames(&seeds)?;
    archives(&seeds)
}

/// Where seeds go.
struct Seeds<'a>(&'a Path);

impl Seeds<'_> {
    fn put(&self, target: &str, name: &str, bytes: &[u8]) -> Result {
        let folder = self.0.join(target);
        fs::create_dir_all(&folder)?;
        Ok(fs::write(folder.join(name), bytes)?)
    }
}

fn trained<const INPUTS: usize>() -> Result<Head<INPUTS, 3, Adam>> {
    let mut head = Head::new(Adam::new(0.01));
    let mut features = [0.0; INPUTS];
    features[0] = 1.0;
    for label in [0, 2, 1] {
        head.minimize(&features, label)?;
    }
    Ok(head)
}

fn written(variables: &impl Variables, encoder: Encoder) -> Result<Vec<u8>> {
    let mut bytes = vec![0; 64 << 10];
    let len = encoder.clone().fill(variables, &mut bytes)?;
    bytes.truncate(len);
    Ok(bytes)
}

/// How each variable is encoded.
type Chooser = fn(&gradlet::variable::Variable<'_>) -> Choice;

fn device(seeds: &Seeds<'_>) -> Result {
    let small = trained::<4>()?;
    let choices: [(&str, Chooser); 4] = [
        ("raw", |_| Choice::Raw),
        ("smallest", |_| Choice::Smallest),
        ("bf16", |_| Choice::Bf16),
        ("blocks8", |_| Choice::Blocks8),
    ];
    for (name, choice) in choices {
        let encoder = Encoder::new().at_time(1_800_000_000).choosing(choice);
        seeds.put("checkpoint", name, &written(&small, encoder)?)?;
    }
    seeds.put(
        "checkpoint",
        "untouched",
        &written(&Head::<64, 3, Adam>::new(Adam::new(0.5)), Encoder::new())?,
    )?;
    let mut momentum = Head::<4, 3, Momentum>::new(Momentum::new(0.01, 0.9));
    momentum.minimize(&[1.0; 4], 1)?;
    seeds.put(
        "checkpoint",
        "momentum",
        &written(&momentum, Encoder::new())?,
    )?;
    let ftrl = Head::<4, 3, Ftrl>::new(Ftrl::new(0.1));
    seeds.put("checkpoint", "ftrl", &written(&ftrl, Encoder::new())?)?;
    let formats = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/gck");
    for entry in fs::read_dir(formats)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "gck") {
            let name = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            seeds.put("checkpoint", &name, &fs::read(&path)?)?;
        }
    }
    Ok(())
}

fn flash(seeds: &Seeds<'_>) -> Result {
    region::<1, 1, 256>(seeds, 0, 6)?;
    region::<4, 4, 512>(seeds, 1, 5)?;
    region::<8, 8, 1024>(seeds, 2, 4)?;
    region::<4, 32, 2048>(seeds, 3, 2)?;
    region::<1, 16, 256>(seeds, 4, 9)?;
    slots::<4, 512>(seeds)?;
    slots::<24, 768>(seeds)
}

/// The slots of a small manager after so many saves that they were all written.
fn slots<const WRITE: usize, const ERASE: usize>(seeds: &Seeds<'_>) -> Result {
    let mut flash = MockFlash::<_, 1, WRITE, ERASE>::new(vec![0; storage_len(ERASE, 3)]);
    let mut head = Head::<2, 3, Adam>::new(Adam::new(0.5));
    let mut manager = SmallManager::open(&mut flash, 3)?;
    for _ in 0..4 {
        head.minimize(&[0.5, 1.0], 1)?;
        manager.save(&head)?;
    }
    let control: [u8; CONTROL] = [0; CONTROL];
    let name = format!("slots_write{WRITE}");
    seeds.put("flash_image", &name, &[&control, flash.image()].concat())
}

/// Regions after some saves: the first few, and so many that the ring went round.
fn region<const READ: usize, const WRITE: usize, const ERASE: usize>(
    seeds: &Seeds<'_>,
    geometry: u8,
    blocks: usize,
) -> Result {
    let options = ManagerOptions {
        max_to_keep: 2,
        keep: Keep::EverySteps(2),
        max_kept: 1,
        claim: Claim::Anything,
        ..ManagerOptions::DEFAULT
    };
    let mut flash = MockFlash::<_, READ, WRITE, ERASE>::new(vec![0; storage_len(ERASE, blocks)]);
    let mut head = Head::<2, 3, Adam>::new(Adam::new(0.5));
    for saves in 1..=9 {
        let mut manager = CheckpointManager::open(&mut flash, options)?;
        head.minimize(&[0.5, 1.0], 1)?;
        if manager.save(&head).is_err() {
            break;
        }
        if [1, 4, 9].contains(&saves) {
            let control: [u8; CONTROL] = [geometry + 40, 17, saves, 0];
            let written = flash.image().iter().rposition(|&byte| byte != 0xff);
            let image = &flash.image()[..written.map_or(0, |last| last + 1)];
            let name = format!("write{WRITE}_erase{ERASE}_{saves}");
            seeds.put("flash", &name, &[&control, image].concat())?;
            let control: [u8; CONTROL] = [geometry, 0, 0, 0];
            if saves == 4 {
                seeds.put("flash_image", &name, &[&control, image].concat())?;
                let mut damaged = image.to_vec();
                damaged[..4].fill(0);
                seeds.put(
                    "flash_image",
                    &format!("{name}_damaged"),
                    &[&control, &*damaged].concat(),
                )?;
            }
        }
    }
    Ok(())
}

fn line(seeds: &Seeds<'_>) -> Result {
    let head = trained::<4>()?;
    let mut sent = Vec::new();
    transport::send(&head, 7, &mut sent)?;
    seeds.put("transport", "sent", &sent)?;
    let mut plain = Vec::new();
    checkpoint::write(&head, &mut plain)?;
    seeds.put("transport", "plain", &plain)?;
    let mut requests = b"boot 1.2.3\r\n".to_vec();
    for (offset, len) in [(0, 200), (236, 10), (0, 0)] {
        let request = Frame::Request {
            transfer: 1,
            total: plain.len() as u32,
            offset,
            len,
        };
        requests.extend_from_slice(request.encode(&mut Buffer::new()));
    }
    seeds.put("transport", "requests", &requests)
}

/// The longest bundle or V1 checkpoint that becomes a seed.
const LONGEST: usize = 6 << 10;

fn bundles(seeds: &Seeds<'_>, golden: &Path) -> Result {
    // Each for something that the others do not have.
    for name in [
        "dtypes/all",
        "variant/v",
        "sliced_grid/g",
        "merge/merged",
        "synth_big_endian/be",
        "v1_saver_adam/model.ckpt-4",
        "max_shard_policy/shard",
        "keras3_sgdm/k-1",
        "tfkeras_sgdm/k-1",
        "v1_partitioned/p-1",
        "odd_keys/odd",
    ] {
        let prefix = golden.join(name);
        let Ok(index) = fs::read(with(&prefix, ".index")) else {
            continue;
        };
        let reader = Reader::open(&prefix)?;
        let mut data = Vec::new();
        for shard in 0..reader.header().shards {
            let shard = fs::read(gradlet_host::bundle::data_path(
                &prefix,
                shard,
                reader.header().shards,
            ))?;
            // All data files of an input are one, so that the longest serves best.
            if shard.len() > data.len() {
                data = shard;
            }
        }
        let seed = name.replace('/', "_");
        let bytes = [&data[..], &index, &(index.len() as u32).to_le_bytes()].concat();
        if bytes.len() <= LONGEST {
            assert!(parts(&bytes).is_some());
            bundle(&bytes);
            seeds.put("bundle", &seed, &bytes)?;
        }
        if index.len() <= 2 << 10 {
            seeds.put("table", &seed, &index)?;
        }
        if reader.contains(OBJECT_GRAPH_KEY)? {
            let graph = reader.read(OBJECT_GRAPH_KEY)?;
            let graph = graph
                .strings()
                .and_then(|strings| strings.get(0))
                .unwrap_or_default();
            seeds.put("object_graph", &seed, graph)?;
        }
    }
    for entry in walk(golden)? {
        let len = fs::metadata(&entry)?.len() as usize;
        let name = entry
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let is_index = name.ends_with(".index");
        if len <= LONGEST && gradlet_host::table::Table::is_table(&entry) && !is_index {
            seeds.put("v1", &name, &fs::read(&entry)?)?;
        }
        if is_index && len <= LONGEST && entry.to_string_lossy().contains("snappy") {
            seeds.put("table", &name, &fs::read(&entry)?)?;
        }
    }
    Ok(())
}

/// What no golden of that size has: strings, slices and a full one, in two data files.
fn own_bundle(seeds: &Seeds<'_>) -> Result {
    let folder = tempfile::tempdir()?;
    let prefix = folder.path().join("own");
    let mut writer = Writer::create(&prefix)?;
    let row = |start| Slice::new([Extent::Range { start, length: 1 }, Extent::Full]);
    let strings: Strings = ["", "two", "a longer one"].into_iter().collect();
    writer.add("text", TensorView::from_strings(&[3], &strings)?)?;
    writer.add("none", Tensor::from_values::<f32>(&[0, 4], &[])?.view())?;
    for start in 0..2 {
        let values = Tensor::from_values(&[1, 3], &[start as f32, 1.0, 2.0])?;
        writer.add_slice("sliced", &[2, 3], &row(start), values.view())?;
    }
    writer.add("whole", Tensor::scalar(7i64).view())?;
    writer.finish()?;
    let index = fs::read(with(&prefix, ".index"))?;
    let data = fs::read(with(&prefix, ".data-00000-of-00001"))?;
    let bytes = [&data[..], &index, &(index.len() as u32).to_le_bytes()].concat();
    seeds.put("bundle", "own", &bytes)?;
    let file = folder.path().join("v1");
    let mut writer = gradlet_host::v1::Writer::create(&file)?;
    writer.add("text", TensorView::from_strings(&[3], &strings)?)?;
    for start in 0..2 {
        let values = Tensor::from_values(&[1, 3], &[start as f32, 1.0, 2.0])?;
        writer.add_slice("sliced", &[2, 3], &row(start), values.view())?;
    }
    writer.finish()?;
    seeds.put("v1", "own", &fs::read(&file)?)
}

fn records(seeds: &Seeds<'_>, golden: &Path) -> Result {
    for folder in ["tfrecord", "events"] {
        for entry in walk(&golden.join(folder))? {
            let name = entry
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let bytes = fs::read(&entry)?;
            // Names of event files carry the time and machine they were written on.
            let name = match name.split_once("tfevents") {
                Some((_, rest)) => format!("events{}", rest.rsplit('.').next().unwrap_or_default()),
                None => name,
            };
            seeds.put("records", &name, &bytes)?;
            if name == "ex.tfrecord" {
                let mut reader = RecordReader::new(&bytes[..]);
                let mut number = 0;
                while let Some(record) = reader.next_record()? {
                    number += 1;
                    seeds.put("example", &format!("record{number}"), record)?;
                }
            }
        }
    }
    Ok(())
}

fn texts(seeds: &Seeds<'_>, golden: &Path) -> Result {
    for name in ["ckpt_manager", "v1_sharded", "keras3_adam"] {
        seeds.put(
            "state",
            name,
            &fs::read(golden.join(name).join("checkpoint"))?,
        )?;
    }
    let mapping = "profile = \"keras3\"\nmodel = \"model\"\noptimizer = \"optimizer\"\n\
        [hyperparameters]\nlearning_rate = 0.01\n[layers]\n\"head\" = 3\n[paths]\n\
        \"scaler/mean\" = \"scaler/mean\"\n[assign]\n\"dense/\" = \"head/\"\n";
    seeds.put("mapping", "whole", mapping.as_bytes())?;
    for profile in ["v1", "keras3", "tf_keras", "tf_keras_legacy"] {
        seeds.put(
            "mapping",
            profile,
            format!("profile = \"{profile}\"\n").as_bytes(),
        )?;
    }
    let variables = ["head/kernel", "head/bias"].map(|name| {
        GraphVariable::new(Variable::new(name, DType::Float32, &[4, 3]))
            .in_collection(Collection::Trainable)
    });
    let graph = MetaGraph::build(&variables, &saver_def(5, 10_000.0));
    seeds.put("meta_graph", "encoded", &graph.encode())?;
    seeds.put("meta_graph", "text", graph.to_text()?.as_bytes())
}

fn samples(seeds: &Seeds<'_>, golden: &Path) -> Result {
    for features in 0..=4u32 {
        let header = Header {
            features,
            samples: 2,
            classes: 5,
            quantization: Quantization {
                scale: 0.25,
                zero_point: -3,
            },
        };
        let rows: Vec<u8> = (0..2 * (1 + features))
            .map(|value| value as u8 % 5)
            .collect();
        let mut checksum = Crc32c::new();
        checksum.update(&rows);
        let file = [&header.encode()[..], &rows, &checksum.value().to_le_bytes()].concat();
        seeds.put("samples", &format!("features{features}"), &file)?;
    }
    let values = [
        ("floats", Feature::floats([-0.5, 2.0, 0.25])),
        ("ints", Feature::ints([1, -2, 300])),
        ("bytes", Feature::bytes([vec![0, 128, 255]])),
    ];
    for (name, values) in values {
        let mut records = RecordWriter::new(Vec::new());
        for label in [0, 3] {
            let example = Example::new()
                .with("x", values.clone())
                .with("label", Feature::ints([label]));
            records.write(&example.to_bytes())?;
        }
        seeds.put("samples", name, &records.into_inner())?;
    }
    for name in ["ex.tfrecord", "ex.tfrecord.gz"] {
        seeds.put(
            "samples",
            name,
            &fs::read(golden.join("tfrecord").join(name))?,
        )?;
    }
    Ok(())
}

fn log(seeds: &Seeds<'_>) -> Result {
    let log = "booting\r\n\nINFO  scalar train/loss = 0.25 at step 20\n\
        scalar a = NaN at step -1, scalar b = 1e-40 at step 9223372036854775807 (main.rs:4)\n\
        no scalar x = inf at step 0\nscalar = 1 at step 2\nunfinished scalar y = -0 at step 3";
    seeds.put("telemetry", "text", log.as_bytes())?;
    seeds.put(
        "telemetry",
        "noise",
        b"\xff\xfescalar \xc3 = 1 at step 1\n\x00\n",
    )
}

/// The first byte is a text's number in `gradlet_fuzz::defmt`.
fn frames(seeds: &Seeds<'_>) -> Result {
    let ordinary: [(&str, &[u8]); 8] = [
        ("unit", b"\x01\0\0\x02\0"),
        ("slice", b"\x01\0\0\x03\0\x02\0\0\0\x09\0\x01\x02\0\0"),
        ("sequence", b"\x01\0\0\x0a\0\x02\0\x08\0\x01\0\0\0\x09\0\0"),
        (
            "values",
            b"\x0c\0\0\x01\x10\x007777777777777777x\0\0\0\x0b\0",
        ),
        ("texts", b"\x0d\0\0\x05\x03\0\0\x02\0\0\0stabcshown\xff"),
        (
            "dates",
            b"\x0f\0\0\0\0\0\x65\0\0\0\0\x06\0\0\0\0\0\0\x65\0\0",
        ),
        (
            "cbor",
            b"\x10\0\0\x05\0\0\0\x81\xa1\0\x61\x61\x08\0\x01\0\0\0\0",
        ),
        ("scalar", b"\x11\0\0\0\0\x80\x3e\x14\0\0\0\0\0\0\0"),
    ];
    for (name, frame) in ordinary {
        seeds.put("defmt_frames", name, frame)?;
    }
    let line: Vec<u8> = ordinary
        .iter()
        .flat_map(|(_, frame)| rzcobs(frame))
        .collect();
    seeds.put("defmt_frames", "line", &line)?;
    let claims = b"\x01\0\0\x03\0\xff\xff\xff\xff\x02\0";
    seeds.put("defmt_frames", "claims", claims)?;
    let pair = b"\x0e\0\0\x07\0\x05\x07\0ab";
    seeds.put("defmt_frames", "pair", pair)?;
    let hexadecimal = b"\x0e\0\0\x05\0\x01\0\0\0\x07\0ab";
    seeds.put("defmt_frames", "hexadecimal", hexadecimal)?;
    let nested = [&b"\x01\0\0"[..], &b"\x04\0".repeat(40), b"\x02\0"].concat();
    seeds.put("defmt_frames", "nested", &nested)?;
    seeds.put("defmt_frames", "noise", &[1; 4096])
}

fn archives(seeds: &Seeds<'_>) -> Result {
    let folder = tempfile::tempdir()?;
    let device = folder.path().join("device.gck");
    fs::write(&device, written(&trained::<4>()?, Encoder::new())?)?;
    let source = Source::open(&device)?;
    for name in ["npz", "safetensors"] {
        let target = folder.path().join("out").with_extension(name);
        convert(&source, &target, &Options::default())?;
        seeds.put(name, "head", &fs::read(&target)?)?;
    }
    Ok(())
}

/// All files beneath a folder.
fn walk(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(walk(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn with(prefix: &Path, ending: &str) -> PathBuf {
    let mut name = prefix.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
