//! Who is at the other end of a program's serial line.
use crate::{
    board,
    line::{Ending, Line},
    samples::Samples,
};
use anyhow::{Context, Result, bail};
use std::{
    io::{Read, Write},
    path::Path,
};
use toml::{Table, Value};

/// What an example says of its serial line: `serial` in `[package.metadata.gradlet]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Serial {
    /// Nothing: what it sends is kept, nobody answers.
    #[default]
    Unanswered,
    /// `[{ after, send }, …]`: a text to answer to, and the answer.
    Chat(Vec<Answer>),
    /// `"samples"`: it asks for the labelled samples of its story.
    Samples,
}

/// What is sent to the board whenever it has sent a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The text.
    pub after: String,
    /// The answer.
    pub send: String,
}

/// Who answers while a program runs.
#[derive(Clone, Debug)]
pub enum Peer {
    /// Nobody.
    Nobody,
    /// One who knows some answers.
    Chat(Vec<Answer>),
    /// One who has labelled samples.
    Samples(Samples),
}

impl Serial {
    /// What the table of an example says.
    pub(crate) fn read(table: &Table) -> Result<Self> {
        match table.get("serial") {
            None => Ok(Self::Unanswered),
            Some(Value::String(word)) if word == "samples" => Ok(Self::Samples),
            Some(Value::Array(answers)) => Ok(Self::Chat(
                answers.iter().map(answer).collect::<Result<_>>()?,
            )),
            Some(_) => bail!("`serial` should be \"samples\" or a list of {{ after, send }}"),
        }
    }

    /// Who answers to a program that is generated from a story's training order.
    ///
    /// # Errors
    /// If the story has no such samples.
    pub fn peer(&self, story: Option<&Path>, mode: Option<&str>) -> Result<Peer> {
        Ok(match self {
            Self::Unanswered => Peer::Nobody,
            Self::Chat(answers) => Peer::Chat(answers.clone()),
            Self::Samples => {
                let story = story.context("the program asks for samples, but names no story")?;
                let mode = mode.context("the program asks for samples, but names no order")?;
                Peer::Samples(Samples::of(story, mode)?)
            }
        })
    }
}

fn answer(value: &Value) -> Result<Answer> {
    let table = value.as_table().context("an answer should be a table")?;
    Ok(Answer {
        after: board::string(table, "after")?,
        send: board::string(table, "send")?,
    })
}

impl Peer {
    /// Answers until the board is gone.
    ///
    /// # Errors
    /// If the line breaks before that.
    pub fn talk(&self, line: &mut Line) -> Result<Ending> {
        match self {
            Self::Nobody => {}
            Self::Chat(answers) => chat(answers, line)?,
            Self::Samples(samples) => samples.talk(line)?,
        }
        Ok(Ending::LetRun)
    }
}

fn chat(answers: &[Answer], line: &mut (impl Read + Write)) -> Result<()> {
    let mut heard = Vec::new();
    let mut byte = [0];
    while line.read(&mut byte)? > 0 {
        heard.push(byte[0]);
        let is_due = |answer: &&Answer| heard.ends_with(answer.after.as_bytes());
        if let Some(answer) = answers.iter().find(is_due) {
            line.write_all(answer.send.as_bytes())?;
            heard.clear();
        }
    }
    Ok(())
}
