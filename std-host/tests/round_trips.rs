//! What is written comes back: every type, any shape, in any number of data files, whole or in any
//! boxes, in both byte orders, and from tables that others would have built otherwise.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use gradlet_host::bundle::{self, Endianness, data_path, index_path};
use gradlet_host::table::{Table, TableWriter};
use gradlet_host::{DType, Durability, Extent, Name, Slice, Strings, Tensor, crc, v1};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// A tensor as a list of its elements in C order, cut into boxes.
#[derive(Clone, Debug)]
struct Sample {
    dtype: DType,
    shape: Vec<u64>,
    elements: Vec<Vec<u8>>,
    /// Boxes that cover it, each a start and a length a dimension; one if it is not partitioned.
    boxes: Vec<Vec<(u64, u64)>>,
    /// Whether the next tensor goes to the next data file.
    ends_file: bool,
}

impl Sample {
    fn tensor(&self, bounds: &[(u64, u64)]) -> Tensor {
        let shape: Vec<u64> = bounds.iter().map(|&(_, length)| length).collect();
        let elements = self.within(bounds);
        if self.dtype == DType::String {
            return Tensor::from_strings(&shape, elements.into_iter().collect::<Strings>())
                .unwrap();
        }
        let bytes = elements.into_iter().flatten().copied().collect();
        Tensor::new(self.dtype, &shape, bytes).unwrap()
    }

    /// The elements in a box, found one by one.
    fn within(&self, bounds: &[(u64, u64)]) -> Vec<&Vec<u8>> {
        let is_inside = |number: usize| {
            let mut rest = number as u64;
            self.shape
                .iter()
                .zip(bounds)
                .rev()
                .all(|(&size, &(start, length))| {
                    let index = rest % size;
                    rest /= size;
                    (start..start + length).contains(&index)
                })
        };
        let numbers = (0..self.elements.len()).filter(|&number| is_inside(number));
        numbers.map(|number| &self.elements[number]).collect()
    }

    fn whole(&self) -> Vec<(u64, u64)> {
        self.shape.iter().map(|&size| (0, size)).collect()
    }
}

fn slice(bounds: &[(u64, u64)]) -> Slice {
    let extents = bounds
        .iter()
        .map(|&(start, length)| Extent::Range { start, length });
    Slice::new(extents.collect::<Vec<_>>())
}

/// Cuts boxes in two, again and again, each time at another place.
fn boxes(shape: &[u64], cuts: &[(usize, usize, u64)]) -> Vec<Vec<(u64, u64)>> {
    let whole: Vec<(u64, u64)> = shape.iter().map(|&size| (0, size)).collect();
    let mut boxes = vec![whole];
    if shape.is_empty() || shape.contains(&0) {
        return boxes;
    }
    for &(which, dim, at) in cuts {
        let which = which % boxes.len();
        let dim = dim % shape.len();
        let (start, length) = boxes[which][dim];
        if length < 2 {
            continue;
        }
        let first = 1 + at % (length - 1);
        let mut rest = boxes[which].clone();
        boxes[which][dim] = (start, first);
        rest[dim] = (start + first, length - first);
        boxes.push(rest);
    }
    boxes
}

fn sample(dtypes: Vec<DType>) -> impl Strategy<Value = Sample> {
    let shape = vec(0u64..5, 0..4);
    let cuts = prop_oneof![
        Just(Vec::new()),
        vec((0usize..8, 0usize..4, any::<u64>()), 1..5)
    ];
    (select(dtypes), shape, cuts, any::<bool>()).prop_flat_map(|(dtype, shape, cuts, ends_file)| {
        let count = shape.iter().product::<u64>() as usize;
        let element = match dtype.size() {
            // Of these, only 0 and 1 are values in a V1 checkpoint.
            Some(1) if dtype == DType::Bool => vec(0u8..2, 1..=1).boxed(),
            Some(size) => vec(any::<u8>(), size..=size).boxed(),
            None => vec(any::<u8>(), 0..20).boxed(),
        };
        vec(element, count..=count).prop_map(move |elements| Sample {
            dtype,
            boxes: boxes(&shape, &cuts),
            shape: shape.clone(),
            elements,
            ends_file,
        })
    })
}

/// Types of which tensors are written element by element.
fn all_types() -> Vec<DType> {
    let all = DType::ALL.iter().copied();
    all.filter(|dtype| dtype.size().is_some() || *dtype == DType::String)
        .collect()
}

/// Those of them that V1 checkpoints hold.
fn v1_types() -> Vec<DType> {
    use DType::{
        BFloat16, Bool, Complex64, Complex128, Float16, Float32, Float64, Int8, Int16, Int32,
        Int64, QInt8, QInt16, QInt32, QUInt8, QUInt16, String, UInt8, UInt16,
    };
    vec![
        BFloat16, Bool, Complex64, Complex128, Float16, Float32, Float64, Int8, Int16, Int32,
        Int64, QInt8, QInt16, QInt32, QUInt8, QUInt16, String, UInt8, UInt16,
    ]
}

fn files(folder: &Path, prefix: &str) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let named = entries.map(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (
            name.strip_prefix(prefix).unwrap().to_owned(),
            fs::read(&path).unwrap(),
        )
    });
    named.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_bundle_gives_back_what_was_put_in(
        samples in vec(sample(all_types()), 1..6),
        big in any::<bool>(),
        window in vec(any::<(u64, u64)>(), 4),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let prefix = folder.path().join("one/m");
        let options = bundle::Options {
            durability: Durability::Unsynced,
            endianness: if big { Endianness::Big } else { Endianness::Little },
        };
        let mut writer = bundle::Writer::with_options(&prefix, options).unwrap();
        for (number, sample) in samples.iter().enumerate() {
            for bounds in &sample.boxes {
                let (name, part) = (format!("t{number}"), sample.tensor(bounds));
                writer.add_slice(&name, &sample.shape, &bundle_slice(sample, bounds), part.view()).unwrap();
            }
            if sample.ends_file && number + 1 < samples.len() {
                writer.next_shard().unwrap();
            }
        }
        writer.finish().unwrap();

        let reader = bundle::Reader::open(&prefix).unwrap();
        reader.verify().unwrap();
        prop_assert_eq!(reader.entries().unwrap().len(), samples.len());
        for (number, sample) in samples.iter().enumerate() {
            let name = format!("t{number}");
            let whole = sample.tensor(&sample.whole());
            prop_assert_eq!(&reader.read(&name).unwrap(), &whole);
            prop_assert_eq!(&reader.map(&name).unwrap(), &whole);
            if !sample.shape.contains(&0) {
                let bounds: Vec<(u64, u64)> = sample.shape.iter().zip(&window)
                    .map(|(&size, &(start, length))| {
                        let start = start % size;
                        (start, 1 + length % (size - start))
                    })
                    .collect();
                let part = reader.read_slice(&name, &slice(&bounds)).unwrap();
                prop_assert_eq!(part, sample.tensor(&bounds), "{:?}", bounds);
            }
        }

        let again = folder.path().join("two/again");
        bundle::rewrite(&prefix, &again, Durability::Unsynced).unwrap();
        let one = files(&folder.path().join("one"), "m");
        prop_assert_eq!(files(&folder.path().join("two"), "again"), one, "a copy differs");
    }

    #[test]
    fn tensors_spread_over_files_are_the_same_tensors(
        samples in vec(sample(all_types()), 1..6),
        count in 1usize..5,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let prefix = folder.path().join("m");
        let tensors: Vec<Tensor> = samples.iter().map(|s| s.tensor(&s.whole())).collect();
        let list: Vec<_> = tensors.iter().enumerate()
            .map(|(number, tensor)| (Name::from(format!("t{number}")), tensor.view()))
            .collect();
        let options = bundle::Options { durability: Durability::Unsynced, ..Default::default() };
        let mut writer = bundle::Writer::with_options(&prefix, options).unwrap();
        writer.add_spread(&list, NonZeroUsize::new(count).unwrap()).unwrap();
        writer.finish().unwrap();
        let reader = bundle::Reader::open(&prefix).unwrap();
        reader.verify().unwrap();
        prop_assert_eq!(reader.header().shards as usize, count);
        for ((name, _), tensor) in list.iter().zip(&tensors) {
            prop_assert_eq!(&reader.read(name).unwrap(), tensor);
        }
    }

    #[test]
    fn bundles_that_are_merged_hold_all_tensors(
        samples in vec(sample(all_types()), 1..6),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut parts = Vec::new();
        for (number, sample) in samples.iter().enumerate() {
            let part = folder.path().join(format!("parts/p{number}"));
            let options = bundle::Options { durability: Durability::Unsynced, ..Default::default() };
            let mut writer = bundle::Writer::with_options(&part, options).unwrap();
            for bounds in &sample.boxes {
                let (name, value) = (format!("t{number}"), sample.tensor(bounds));
                writer.add_slice(&name, &sample.shape, &bundle_slice(sample, bounds), value.view()).unwrap();
            }
            writer.finish().unwrap();
            parts.push(part);
        }
        let target = folder.path().join("m");
        let options = bundle::MergeOptions { durability: Durability::Unsynced, ..Default::default() };
        bundle::merge(&parts, &target, options).unwrap();
        prop_assert!(!folder.path().join("parts").exists(), "the parts are still there");
        let reader = bundle::Reader::open(&target).unwrap();
        reader.verify().unwrap();
        for (number, sample) in samples.iter().enumerate() {
            let read = reader.read(format!("t{number}")).unwrap();
            prop_assert_eq!(read, sample.tensor(&sample.whole()));
        }
        for shard in 0..reader.header().shards {
            prop_assert!(data_path(&target, shard, reader.header().shards).is_file());
        }
        prop_assert!(index_path(&target).is_file());
    }

    #[test]
    fn a_v1_checkpoint_gives_back_what_was_put_in(
        samples in vec(sample(v1_types()), 1..6),
        count in 1usize..4,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let prefix = folder.path().join("m");
        let path = |shard| match count {
            1 => prefix.clone(),
            count => v1::shard_path(&prefix, shard, count as u32),
        };
        // Boxes of one tensor go to all files in turn.
        for shard in 0..count {
            let file = path(shard as u32);
            let mut writer = v1::Writer::with_durability(file, Durability::Unsynced).unwrap();
            for (number, sample) in samples.iter().enumerate() {
                for bounds in sample.boxes.iter().skip(shard).step_by(count) {
                    let (name, part) = (format!("t{number}"), sample.tensor(bounds));
                    writer.add_slice(&name, &sample.shape, &slice_or_full(sample, bounds), part.view())
                        .unwrap();
                }
            }
            writer.finish().unwrap();
        }
        let pattern = match count {
            1 => prefix.clone(),
            count => v1::shard_pattern(&prefix, count as u32),
        };
        let reader = v1::Reader::open(&pattern).unwrap();
        reader.verify().unwrap();
        for (number, sample) in samples.iter().enumerate() {
            let read = reader.read(format!("t{number}")).unwrap();
            prop_assert_eq!(read, sample.tensor(&sample.whole()));
        }
    }

    #[test]
    fn a_table_is_read_however_it_was_built(
        records in proptest::collection::btree_map(vec(0u8..4, 0..6), vec(any::<u8>(), 0..40), 0..60),
        block_size in 1usize..400,
        interval in 1usize..20,
        snappy in any::<bool>(),
        probes in vec(vec(0u8..4, 0..6), 8),
    ) {
        let other = Built { block_size, interval, snappy }.table(&records);
        let mut writer = TableWriter::new(Vec::new(), Path::new("t"));
        for (key, value) in &records {
            writer.add(key, value).unwrap();
        }
        for bytes in [other, writer.finish().unwrap()] {
            let table = Table::from_bytes(Path::new("t"), bytes).unwrap();
            table.verify().unwrap();
            let mut cursor = table.cursor();
            for (key, value) in &records {
                prop_assert_eq!(cursor.next().unwrap(), Some((&key[..], &value[..])));
            }
            prop_assert_eq!(cursor.next().unwrap(), None);
            for probe in records.keys().chain(&probes) {
                let found = table.get(probe).unwrap();
                prop_assert_eq!(found.as_deref(), records.get(probe).map(Vec::as_slice));
            }
        }
    }
}

/// A range has a length, which a dimension of size 0 has not.
fn bundle_slice(sample: &Sample, bounds: &[(u64, u64)]) -> Slice {
    match sample.shape.contains(&0) {
        true => Slice::full(sample.shape.len()),
        false => slice(bounds),
    }
}

/// TensorFlow stores a tensor that is not partitioned as a slice without bounds.
fn slice_or_full(sample: &Sample, bounds: &[(u64, u64)]) -> Slice {
    match sample.boxes.len() {
        1 => Slice::full(sample.shape.len()),
        _ => slice(bounds),
    }
}

/// A table as another writer might build it: by the format's rules, with its own constants, and
/// whole keys in the block index.
struct Built {
    block_size: usize,
    interval: usize,
    snappy: bool,
}

impl Built {
    fn table(&self, records: &BTreeMap<Vec<u8>, Vec<u8>>) -> Vec<u8> {
        let mut file = Vec::new();
        let mut index: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        let mut block: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        let close = |block: &mut Vec<_>, file: &mut Vec<u8>, index: &mut Vec<_>| {
            if let Some((last, _)) = block.last().cloned() {
                index.push((last, self.block(file, block, self.interval)));
                block.clear();
            }
        };
        let mut size = 0;
        for (key, value) in records {
            block.push((key.clone(), value.clone()));
            size += key.len() + value.len();
            if size >= self.block_size {
                close(&mut block, &mut file, &mut index);
                size = 0;
            }
        }
        close(&mut block, &mut file, &mut index);
        let metaindex = self.block(&mut file, &[], self.interval);
        let index = self.block(&mut file, &index, 1);
        let mut footer = [metaindex, index].concat();
        footer.resize(40, 0);
        file.extend(footer);
        file.extend(0xdb47_7524_8b80_fb57u64.to_le_bytes());
        file
    }

    /// Appends a block; its handle.
    fn block(
        &self,
        file: &mut Vec<u8>,
        records: &[(Vec<u8>, Vec<u8>)],
        interval: usize,
    ) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut restarts = vec![0u32];
        let mut last: &[u8] = &[];
        for (number, (key, value)) in records.iter().enumerate() {
            let mut shared = last.iter().zip(key).take_while(|(a, b)| a == b).count();
            if number % interval == 0 {
                shared = 0;
                if number > 0 {
                    restarts.push(bytes.len() as u32);
                }
            }
            for number in [shared, key.len() - shared, value.len()] {
                varint(&mut bytes, number);
            }
            bytes.extend(&key[shared..]);
            bytes.extend(value);
            last = key;
        }
        let count = restarts.len() as u32;
        bytes.extend(
            restarts
                .into_iter()
                .chain([count])
                .flat_map(u32::to_le_bytes),
        );
        let kind = u8::from(self.snappy);
        if self.snappy {
            bytes = snap::raw::Encoder::new().compress_vec(&bytes).unwrap();
        }
        let mut handle = Vec::new();
        varint(&mut handle, file.len());
        varint(&mut handle, bytes.len());
        bytes.push(kind);
        let sum = crc::mask(crc::crc32c(&bytes));
        file.extend(bytes);
        file.extend(sum.to_le_bytes());
        handle
    }
}

fn varint(out: &mut Vec<u8>, number: usize) {
    prost::encoding::encode_varint(number as u64, out);
}
