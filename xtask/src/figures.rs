//! Numbers to report: lines `name value unit`, or JSON.
use serde_json::{Map, Value, json};

/// A number with its name and its unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Its name, in words joined by points, from the general to the particular.
    pub name: String,
    /// The number, as it was printed.
    pub value: String,
    /// What it counts.
    pub unit: String,
}

impl Figure {
    /// A figure.
    pub fn new(name: impl Into<String>, value: impl ToString, unit: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.to_string(),
            unit: unit.into(),
        }
    }

    /// The figure that a line `name value unit` states, if it states one.
    pub fn from_line(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [name, value, unit] = words[..] else {
            return None;
        };
        value
            .parse::<f64>()
            .is_ok()
            .then(|| Self::new(name, value, unit))
    }

    /// The number.
    pub fn number(&self) -> Option<f64> {
        self.value.parse().ok()
    }
}

/// The value of the figure of this name in a program's output.
pub fn number(text: &str, name: &str) -> Option<f64> {
    text.lines()
        .filter_map(Figure::from_line)
        .find(|figure| figure.name == name)?
        .number()
}

/// How figures are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A line each.
    Lines,
    /// One object: the names, each with value and unit.
    Json,
}

/// The figures as text.
pub fn text(figures: &[Figure], format: Format) -> String {
    match format {
        Format::Lines => {
            let line =
                |figure: &Figure| format!("{} {} {}\n", figure.name, figure.value, figure.unit);
            figures.iter().map(line).collect()
        }
        Format::Json => format!("{:#}\n", Value::Object(json(figures))),
    }
}

/// The figures as an object: the names, each with value and unit.
pub fn json(figures: &[Figure]) -> Map<String, Value> {
    let entry = |figure: &Figure| {
        let value = serde_json::from_str(&figure.value).unwrap_or_else(|_| json!(figure.value));
        let named = json!({ "value": value, "unit": figure.unit });
        (figure.name.clone(), named)
    };
    figures.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_with_a_number_in_the_middle_is_a_figure_and_nothing_else_is() {
        assert_eq!(
            Figure::from_line("accuracy 88.8 %"),
            Some(Figure::new("accuracy", 88.8, "%"))
        );
        for line in [
            "",
            "accuracy 88.8",
            "accuracy high %",
            "the accuracy 88.8 %",
        ] {
            assert_eq!(Figure::from_line(line), None, "{line}");
        }
    }

    #[test]
    fn json_holds_the_same_numbers_as_the_lines() {
        let figures = [
            Figure::new("a.b", 3, "byte"),
            Figure::new("a.c", "0.250000", "%"),
        ];
        assert_eq!(
            text(&figures, Format::Lines),
            "a.b 3 byte\na.c 0.250000 %\n"
        );
        let json: Value = serde_json::from_str(&text(&figures, Format::Json)).unwrap();
        assert_eq!(json["a.b"], json!({ "value": 3, "unit": "byte" }));
        assert_eq!(json["a.c"]["value"].as_f64(), Some(0.25));
    }
}
