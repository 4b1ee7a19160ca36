//! State files that TensorFlow wrote.

use std::path::Path;

use gradlet_host::state::{CheckpointState, DEFAULT_LATEST_FILENAME, get_checkpoint_state};
use gradlet_tests::golden::{Case, Golden};

/// The state files of a case, relative to the folder of goldens.
fn state_files(case: &Case) -> impl Iterator<Item = &str> {
    let name = case.optional("latest_filename");
    let name: String = name.unwrap_or_else(|| DEFAULT_LATEST_FILENAME.to_owned());
    let files = case.files.iter().map(|file| file.path.as_str());
    files.filter(move |path| {
        Path::new(path)
            .file_name()
            .is_some_and(|file| file == name.as_str())
    })
}

#[test]
fn state_files_are_read_and_printed_byte_for_byte() {
    let golden = Golden::load();
    let mut seen = 0;
    for case in golden.cases() {
        for path in state_files(case) {
            let text = String::from_utf8(golden.read(path)).expect(path);
            let state = CheckpointState::from_text(&text).expect(path);
            assert_eq!(state.to_text(), text, "{path}");
            if let Some(expected) = case.optional::<String>("checkpoint_file") {
                assert_eq!(text, expected, "{path} is not what the manifest says");
            }
            seen += 1;
        }
    }
    assert!(seen > 0, "no case has a state file");
}

#[test]
fn relative_paths_lead_to_the_files_beside_the_state_file() {
    let golden = Golden::load();
    let mut seen = 0;
    for case in golden.cases() {
        for path in state_files(case) {
            let path = golden.path(path);
            let (folder, name) = (path.parent().unwrap(), path.file_name().unwrap());
            let state = get_checkpoint_state(folder, name.to_str())
                .unwrap()
                .expect("a state");
            let prefix = Path::new(&state.model_checkpoint_path);
            if prefix.starts_with(folder) {
                let files = case.files.iter().map(|file| golden.path(&file.path));
                let stem = prefix.to_str().unwrap();
                assert!(
                    files
                        .into_iter()
                        .any(|file| file.to_str().unwrap().starts_with(stem)),
                    "{stem} names no file"
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 0, "no state file has relative paths");
}
