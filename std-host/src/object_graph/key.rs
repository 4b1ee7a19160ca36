//! Names of tensors in object-based checkpoints.

/// Name of the value of a variable.
pub(crate) const VARIABLE_VALUE: &str = "VARIABLE_VALUE";

/// Stands between an object's path and the name of its value.
const ATTRIBUTES: &str = ".ATTRIBUTES/";

/// Stands between a variable's path and the optimizer that keeps a slot for it.
const OPTIMIZER_SLOT: &str = ".OPTIMIZER_SLOT";

/// An attribute name as a part of a path: `.` and `/` have a meaning of their own there.
pub(crate) fn escape(local_name: &str) -> String {
    local_name.replace('.', "..").replace('/', ".S")
}

/// The path of an object's attribute, given the object's path.
pub(crate) fn child_path(path: &str, local_name: &str) -> String {
    let name = escape(local_name);
    if path.is_empty() {
        name
    } else {
        format!("{path}/{name}")
    }
}

/// The path of a slot variable, given the paths of its variable and its optimizer.
pub(crate) fn slot_path(variable: &str, optimizer: &str, slot: &str) -> String {
    format!("{variable}/{OPTIMIZER_SLOT}/{optimizer}/{}", escape(slot))
}

/// The name of the tensor that holds a value, given its object's path.
pub(crate) fn attribute_key(path: &str, attribute: &str) -> String {
    format!("{path}/{ATTRIBUTES}{}", escape(attribute))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_tensorflows() {
        let path = child_path("net/table", "sl/ash.2");
        assert_eq!(path, "net/table/sl.Sash..2");
        let key = attribute_key("net/w", VARIABLE_VALUE);
        assert_eq!(key, "net/w/.ATTRIBUTES/VARIABLE_VALUE");
        let slot = attribute_key(&slot_path("net/w", "opt", "m"), VARIABLE_VALUE);
        assert_eq!(
            slot,
            "net/w/.OPTIMIZER_SLOT/opt/m/.ATTRIBUTES/VARIABLE_VALUE"
        );
        assert_eq!(attribute_key("", "step"), "/.ATTRIBUTES/step");
    }
}
