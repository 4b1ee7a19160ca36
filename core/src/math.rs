//! Elementary functions, from libm.

pub(crate) fn exp(x: f32) -> f32 {
    libm::expf(x)
}

pub(crate) fn ln(x: f32) -> f32 {
    libm::logf(x)
}

pub(crate) fn pow(base: f32, exponent: f32) -> f32 {
    libm::powf(base, exponent)
}

pub(crate) fn cos(x: f32) -> f32 {
    libm::cosf(x)
}

pub(crate) fn floor(x: f32) -> f32 {
    libm::floorf(x)
}

pub(crate) fn ceil(x: f32) -> f32 {
    libm::ceilf(x)
}

pub(crate) fn sqrt(x: f32) -> f32 {
    crate::Real::new(x).sqrt().get()
}
