//! A machine without kernels of its own: optimizers loop over their formulas.

pub(crate) mod adam {
    use crate::kernel::{AdamRates, NoKernel};
    use crate::optimizer::Elements;

    /// Gives the elements back.
    #[inline]
    pub(crate) fn update<'a>(
        _: &AdamRates,
        elements: Elements<'a, [&'a mut [f32]; 2]>,
    ) -> Result<(), Elements<'a, [&'a mut [f32]; 2]>> {
        Err(elements)
    }

    #[inline]
    pub(crate) fn update_outer<const N: usize>(
        _: &AdamRates,
        _: &mut [f32],
        _: [&mut [f32]; 2],
        _: &[f32],
        _: &[f32; N],
    ) -> Result<(), NoKernel> {
        Err(NoKernel)
    }
}

pub(crate) mod momentum {
    use crate::kernel::{MomentumRates, NoKernel};
    use crate::optimizer::Elements;

    /// Gives the elements back.
    #[inline]
    pub(crate) fn update<'a>(
        _: &MomentumRates,
        elements: Elements<'a, [&'a mut [f32]; 1]>,
    ) -> Result<(), Elements<'a, [&'a mut [f32]; 1]>> {
        Err(elements)
    }

    #[inline]
    pub(crate) fn update_outer<const N: usize>(
        _: &MomentumRates,
        _: &mut [f32],
        _: [&mut [f32]; 1],
        _: &[f32],
        _: &[f32; N],
    ) -> Result<(), NoKernel> {
        Err(NoKernel)
    }
}

pub(crate) mod dense {
    /// sum ← sum + Σ x·row, in the order of the rows; `matrix` has `N` columns. Denormals are
    /// IEEE's: TensorFlow promises no order for these sums, so there are no bits to match.
    pub(crate) fn accumulate<const N: usize>(sum: &mut [f32; N], x: &[f32], matrix: &[f32]) {
        for (row, &x) in matrix.as_chunks::<N>().0.iter().zip(x) {
            for (sum, weight) in sum.iter_mut().zip(row) {
                *sum += x * weight;
            }
        }
    }
}

pub(crate) mod gradient {
    use crate::kernel::NoKernel;

    #[inline]
    pub(crate) fn accumulate<const N: usize>(
        _: &mut [f32],
        _: usize,
        _: &[f32],
        _: &[[f32; N]],
    ) -> Result<(), NoKernel> {
        Err(NoKernel)
    }
}
