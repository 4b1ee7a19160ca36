//! A TensorFlow that all tests share: it starts once and answers calls of the functions in
//! `tests/interop`.
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};
use xtask::{
    machine::{Installing, Machine},
    python, root,
};

/// It ends when this process does: its input closes then.
struct Session {
    calls: ChildStdin,
    answers: BufReader<ChildStdout>,
    _python: Child,
}

static SESSION: LazyLock<Mutex<Session>> = LazyLock::new(|| Mutex::new(Session::start()));

impl Session {
    fn start() -> Self {
        let machine = Machine::this(Installing::Forbidden);
        let python = python::with_tensorflow(&machine).unwrap_or_else(|error| panic!("{error:#}"));
        let script = root::repository().join("tests/interop/session.py");
        let mut python = Command::new(python)
            .arg(&script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", script.display()));
        let (calls, answers) = (python.stdin.take(), python.stdout.take());
        Self {
            calls: calls.expect("a pipe"),
            answers: BufReader::new(answers.expect("a pipe")),
            _python: python,
        }
    }

    fn call(&mut self, function: &str, arguments: &Value) -> Result<Value, String> {
        let call = json!({ "call": function, "arguments": arguments });
        writeln!(self.calls, "{call}").map_err(|error| error.to_string())?;
        let mut answer = String::new();
        let read = self.answers.read_line(&mut answer);
        if read.map_err(|error| error.to_string())? == 0 {
            return Err("TensorFlow ended".to_owned());
        }
        let mut answer: Value = serde_json::from_str(&answer).map_err(|error| error.to_string())?;
        match answer.get_mut("result") {
            Some(result) => Ok(result.take()),
            None => Err(answer["error"].as_str().unwrap_or_default().to_owned()),
        }
    }
}

/// What the function `MODULE.NAME` of `tests/interop/MODULE.py` returns.
///
/// # Panics
/// With Python's traceback, if the function raises.
pub(crate) fn call<R: DeserializeOwned>(function: &str, arguments: impl Serialize) -> R {
    match refused(function, arguments) {
        Ok(result) => result,
        Err(traceback) => panic!("{function} raises\n{traceback}"),
    }
}

/// The same, where an exception is an outcome: the traceback.
pub(crate) fn refused<R: DeserializeOwned>(
    function: &str,
    arguments: impl Serialize,
) -> Result<R, String> {
    let arguments = serde_json::to_value(arguments).expect("arguments are values");
    let answer = SESSION
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .call(function, &arguments)?;
    Ok(serde_json::from_value(answer).unwrap_or_else(|error| panic!("{function}: {error}")))
}
