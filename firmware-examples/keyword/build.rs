//! Turns the story's folder into tables; `GRADLET_STORY` names another folder.
fn main() {
    story::Build::of("kws_newspeaker").mode("replay").run();
}
