//! Turns the story's folder into tables; `GRADLET_STORY` names another folder.
fn main() {
    story::Build::of("wand_digits").mode("replay").run();
}
