//! The header is what cbindgen makes of the sources.
use std::{fs, path::Path};

#[test]
fn the_header_is_current() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = here.join("include/gradlet.h");
    let config = cbindgen::Config::from_file(here.join("cbindgen.toml")).expect("cbindgen.toml");
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in ["shape", "status", "batch", "head", "checkpoint", "manager"] {
        builder = builder.with_src(here.join(format!("src/{source}.rs")));
    }
    let mut header = Vec::new();
    builder.generate().expect("a header").write(&mut header);
    if fs::read(&file).unwrap_or_default() != header {
        fs::write(&file, header).expect("the header can be written");
        panic!(
            "the sources have changed: {} is made anew, look at it and commit it",
            file.display()
        );
    }
}
