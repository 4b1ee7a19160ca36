use crate::Error;
use crate::error::expect;
use crate::folder::Folder;
use crate::manifest::Run;

/// One of the orders in which TensorFlow fine-tuned the head.
#[derive(Clone, Debug)]
pub struct Training {
    /// Its tag, such as `replay` or `stream`.
    pub mode: String,
    /// Adam's learning rate.
    pub learning_rate: f32,
    /// Samples a step.
    pub batch: usize,
    /// Rows of the data set, `batch` a step.
    pub order: Vec<u16>,
}

impl Training {
    /// The tags for which the folder has an order.
    pub fn modes(folder: &Folder) -> Vec<&str> {
        let names = folder.manifest.files.keys();
        names
            .filter_map(|name| name.strip_prefix("steps_")?.strip_suffix(".u16.bin"))
            .collect()
    }

    /// The order `mode`, for int8 features, over `samples` rows.
    pub fn read(folder: &Folder, mode: &str, samples: usize) -> Result<Training, Error> {
        let manifest = folder.manifest_path();
        let modes = Training::modes(folder);
        if !modes.contains(&mode) {
            let expected = format!("one of {modes:?}");
            return Err(Error::mismatch(&manifest, "training mode", expected, mode));
        }
        let what = format!("results, i8, {mode}");
        let Some(run) = folder.manifest.results.i8.get(mode) else {
            return Err(Error::mismatch(&manifest, what, "an entry", "none"));
        };
        let run: Run = serde_json::from_value(run.clone()).map_err(|source| Error::Json {
            path: manifest.clone(),
            source,
        })?;
        let learning_rate = run.lr as f32;
        if !(learning_rate.is_finite() && learning_rate > 0.0) {
            let what = format!("{what}, lr");
            return Err(Error::mismatch(
                &manifest,
                what,
                "a positive number",
                run.lr,
            ));
        }
        let steps = folder.array(&format!("steps_{mode}.u16.bin"), "uint16")?;
        steps.expect_shape(&[run.steps as usize, run.batch as usize])?;
        expect(
            &manifest,
            format_args!("{what}, batch above 0"),
            true,
            run.batch > 0,
        )?;
        let order = rows(&steps, samples)?;
        Ok(Training {
            mode: mode.to_owned(),
            learning_rate,
            batch: run.batch as usize,
            order,
        })
    }

    /// The number of steps.
    pub fn steps(&self) -> usize {
        self.order.len() / self.batch
    }

    /// The rows that occur, in the order of their first use.
    pub fn distinct(&self) -> Vec<u16> {
        let mut distinct = Vec::new();
        for row in &self.order {
            if !distinct.contains(row) {
                distinct.push(*row);
            }
        }
        distinct
    }
}

/// An array of row numbers, all below `samples`.
pub(crate) fn rows(array: &crate::folder::Array, samples: usize) -> Result<Vec<u16>, Error> {
    let rows = array.uint16();
    if let Some(at) = rows.iter().position(|&row| usize::from(row) >= samples) {
        let what = format!("element {at}, a row of the data set");
        let expected = format!("less than {samples}");
        return Err(Error::mismatch(&array.path, what, expected, rows[at]));
    }
    Ok(rows)
}
