//! A saver as a message.

use super::{Saver, Sharding};
use crate::clock::{Clock, SystemClock};
use crate::meta_graph::saver_def;
use crate::proto::saver::SaverDef;
use crate::state::FormatVersion;

impl<C: Clock> Saver<C> {
    /// How the saver was set up (`to_proto`, `as_saver_def`), with the names of the nodes in the
    /// MetaGraph that it writes.
    pub fn to_proto(&self) -> SaverDef {
        let max_to_keep = i32::try_from(self.retention.max_to_keep()).unwrap_or(i32::MAX);
        SaverDef {
            sharded: self.sharding == Sharding::ByDevice,
            version: match self.version {
                FormatVersion::V1 => 1,
                FormatVersion::V2 => 2,
            },
            ..saver_def(max_to_keep, self.retention.every_n_hours())
        }
    }

    /// As [`Saver::from_proto`], with the time from `clock`.
    pub fn from_proto_with_clock(def: &SaverDef, clock: C) -> Saver<C> {
        let saver = Saver::with_clock(clock)
            .max_to_keep(usize::try_from(def.max_to_keep).unwrap_or(0))
            .keep_checkpoint_every_n_hours(def.keep_checkpoint_every_n_hours)
            .write_version(match def.version {
                2 => FormatVersion::V2,
                _ => FormatVersion::V1,
            });
        if def.sharded { saver.sharded() } else { saver }
    }
}

impl Saver {
    /// A saver set up as the message says (`from_proto`).
    pub fn from_proto(def: &SaverDef) -> Saver {
        Saver::from_proto_with_clock(def, SystemClock)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text_format;
    use prost::Message as _;

    #[test]
    fn a_saver_comes_back_from_its_message() {
        let saver = Saver::new()
            .max_to_keep(3)
            .sharded()
            .keep_checkpoint_every_n_hours(0.5)
            .write_version(FormatVersion::V1);
        let def = saver.to_proto();
        assert_eq!(Saver::from_proto(&def).to_proto(), def);
        let text = text_format::print(&crate::proto::saver::SAVER_DEF, &def.encode_to_vec());
        let expected = "filename_tensor_name: \"save/Const:0\"\nsave_tensor_name: \
                        \"save/control_dependency:0\"\nrestore_op_name: \
                        \"save/restore_all\"\nmax_to_keep: 3\nsharded: \
                        true\nkeep_checkpoint_every_n_hours: 0.5\nversion: V1\n";
        assert_eq!(text.as_deref(), Ok(expected));
    }
}
