//! The most stack that an image can take.
use super::calls::{Call, Image};
use anyhow::{Result, bail};
use std::collections::{BTreeMap, BTreeSet};

/// An upper bound of the stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Of the program itself, in bytes.
    pub program: u64,
    /// Of all exception handlers on top of it, each once, in bytes.
    pub exceptions: u64,
    /// The functions on the deepest way of the program, each with its own bytes.
    pub deepest: Vec<(String, u64)>,
    /// Functions that call a pointer. Each was taken to call whichever function whose address is
    /// kept anywhere needs most.
    pub pointer_callers: Vec<String>,
    /// Functions whose frame the compiler has not stated: assembly, of which the instructions
    /// were read.
    pub read: usize,
}

impl Bound {
    /// Of the program and of all handlers, in bytes.
    pub fn total(&self) -> u64 {
        self.program + self.exceptions
    }
}

/// Walks all calls from the start and from every handler.
///
/// # Errors
/// If a function can call itself, or a call leads to nowhere.
pub fn bound(image: &Image) -> Result<Bound> {
    let mut walk = Walk {
        image,
        depths: BTreeMap::new(),
        path: Vec::new(),
    };
    let mut handlers = image.handlers.iter();
    let Some(&start) = handlers.next() else {
        bail!("nothing is known to start the image");
    };
    let program = walk.depth(start)?;
    let mut exceptions = 0;
    for &handler in handlers {
        exceptions += image.pushed + walk.depth(handler)?;
    }
    let reached: Vec<_> = walk
        .depths
        .keys()
        .filter_map(|one| image.functions.get(one))
        .collect();
    let callers = reached
        .iter()
        .filter(|one| one.calls.contains(&Call::Pointer));
    let pointer_callers = callers.map(|one| one.name.clone()).collect();
    let read = reached
        .iter()
        .filter(|one| !one.is_frame_from_compiler)
        .count();
    Ok(Bound {
        program,
        exceptions,
        deepest: walk.deepest(start),
        pointer_callers,
        read,
    })
}

struct Walk<'a> {
    image: &'a Image,
    depths: BTreeMap<u32, u64>,
    path: Vec<u32>,
}

impl Walk<'_> {
    fn depth(&mut self, address: u32) -> Result<u64> {
        if let Some(&depth) = self.depths.get(&address) {
            return Ok(depth);
        }
        let name = |address: &u32| match self.image.functions.get(address) {
            Some(function) => function.name.clone(),
            None => format!("{address:#x}"),
        };
        if self.path.contains(&address) {
            let path: Vec<String> = self.path.iter().chain([&address]).map(name).collect();
            bail!("a function can call itself: {}", path.join(" > "));
        }
        let Some(function) = self.image.functions.get(&address) else {
            bail!(
                "{} leads to {address:#x}, where no function begins",
                self.path.last().map(name).unwrap_or_default()
            );
        };
        self.path.push(address);
        let mut deepest = 0;
        for target in self.targets(address) {
            deepest = deepest.max(self.depth(target)?);
        }
        self.path.pop();
        let depth = function.frame + deepest;
        self.depths.insert(address, depth);
        Ok(depth)
    }

    /// What a function may call.
    fn targets(&self, address: u32) -> BTreeSet<u32> {
        let calls = self
            .image
            .functions
            .get(&address)
            .map_or(&[][..], |one| &one.calls);
        let mut targets = BTreeSet::new();
        for call in calls {
            match call {
                Call::To(target) => _ = targets.insert(*target),
                Call::Pointer => {
                    targets.extend(self.image.taken.iter().filter(|one| **one != address))
                }
            }
        }
        targets
    }

    fn deepest(&self, start: u32) -> Vec<(String, u64)> {
        let mut way = Vec::new();
        let mut next = Some(start);
        while let Some(address) = next {
            let Some(function) = self.image.functions.get(&address) else {
                break;
            };
            way.push((function.name.clone(), function.frame));
            let targets = self.targets(address).into_iter();
            next = targets.max_by_key(|target| self.depths.get(target).copied().unwrap_or(0));
        }
        way
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Function;

    fn image(functions: &[(u32, u64, &[Call])], taken: &[u32]) -> Image {
        let function = |&(address, frame, calls): &(u32, u64, &[Call])| {
            let function = Function {
                name: format!("f{address}"),
                frame,
                is_frame_from_compiler: true,
                calls: calls.to_vec(),
            };
            (address, function)
        };
        Image {
            functions: functions.iter().map(function).collect(),
            taken: taken.iter().copied().collect(),
            handlers: vec![0],
            pushed: 0,
        }
    }

    #[test]
    fn the_deepest_way_counts() {
        let functions: [(u32, u64, &[Call]); 4] = [
            (0, 10, &[Call::To(2), Call::To(4)]),
            (2, 100, &[]),
            (4, 50, &[Call::To(6)]),
            (6, 60, &[]),
        ];
        let found = bound(&image(&functions, &[])).unwrap();
        assert_eq!(found.program, 120);
        assert_eq!(
            found.deepest.iter().map(|one| one.1).collect::<Vec<_>>(),
            [10, 50, 60]
        );
    }

    #[test]
    fn a_pointer_may_lead_to_any_function_whose_address_is_kept() {
        let functions: [(u32, u64, &[Call]); 3] =
            [(0, 10, &[Call::Pointer]), (2, 100, &[]), (4, 500, &[])];
        let found = bound(&image(&functions, &[2])).unwrap();
        assert_eq!((found.program, found.pointer_callers.len()), (110, 1));
    }

    #[test]
    fn recursion_has_no_bound() {
        let functions: [(u32, u64, &[Call]); 2] = [(0, 10, &[Call::To(2)]), (2, 1, &[Call::To(0)])];
        let error = bound(&image(&functions, &[])).unwrap_err().to_string();
        assert!(error.contains("f0 > f2 > f0"), "{error}");
    }
}
