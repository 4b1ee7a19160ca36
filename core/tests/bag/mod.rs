//! A bag of named tensors of any type, to be saved and restored.

use gradlet::Variables;
use gradlet::checkpoint::Encoder;
use gradlet::tensor::{Shape, View, ViewMut};
use gradlet::variable::{Collections, Name, Variable};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Elements {
    F32(Vec<f32>),
    I64(Vec<i64>),
    U32(Vec<u32>),
    Bf16(Vec<u16>),
    U8(Vec<u8>),
    I8(Vec<i8>),
}

impl Elements {
    pub(crate) fn view(&self) -> View<'_> {
        match self {
            Self::F32(x) => View::F32(x),
            Self::I64(x) => View::I64(x),
            Self::U32(x) => View::U32(x),
            Self::Bf16(x) => View::Bf16(x),
            Self::U8(x) => View::U8(x),
            Self::I8(x) => View::I8(x),
        }
    }

    fn view_mut(&mut self) -> ViewMut<'_> {
        match self {
            Self::F32(x) => ViewMut::F32(x),
            Self::I64(x) => ViewMut::I64(x),
            Self::U32(x) => ViewMut::U32(x),
            Self::Bf16(x) => ViewMut::Bf16(x),
            Self::U8(x) => ViewMut::U8(x),
            Self::I8(x) => ViewMut::I8(x),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) shape: Shape,
    pub(crate) collections: Collections,
    pub(crate) elements: Elements,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Bag {
    pub(crate) members: Vec<Member>,
    pub(crate) step: i64,
    pub(crate) metadata: Vec<u8>,
}

impl Bag {
    /// A bag with one more vector.
    pub(crate) fn with(self, name: &str, elements: Elements) -> Self {
        let shape = Shape::vector(elements.view().len());
        self.with_shape(name, shape, elements)
    }

    pub(crate) fn with_shape(mut self, name: &str, shape: Shape, elements: Elements) -> Self {
        self.members.push(Member {
            name: name.to_owned(),
            shape,
            collections: Collections::GLOBAL,
            elements,
        });
        self
    }

    /// A checkpoint of the bag, in slices of `size` bytes.
    pub(crate) fn encode(&self, mut encoder: Encoder, size: usize) -> Vec<u8> {
        let total = encoder.total_len(self).expect("a bag fits");
        let mut bytes = Vec::new();
        loop {
            let mut slice = vec![0xaa; size];
            let len = encoder.fill(self, &mut slice).expect("a bag fits");
            bytes.extend_from_slice(&slice[..len]);
            if len < size {
                break;
            }
        }
        assert_eq!(bytes.len(), total as usize, "the length was known before");
        bytes
    }
}

impl Variables for Bag {
    fn count(&self) -> usize {
        self.members.len()
    }

    fn variable(&self, index: usize) -> Option<Variable<'_>> {
        let member = self.members.get(index)?;
        Some(Variable {
            name: Name::new(&member.name),
            shape: member.shape,
            collections: member.collections,
            view: member.elements.view(),
        })
    }

    fn variable_mut(&mut self, index: usize) -> Option<ViewMut<'_>> {
        Some(self.members.get_mut(index)?.elements.view_mut())
    }

    fn global_step(&self) -> i64 {
        self.step
    }

    fn metadata(&self) -> &[u8] {
        &self.metadata
    }
}
