//! The log macros: defmt's with the feature `log`, nothing without it.
//!
//! An example logs without asking whether anybody listens. Without the feature the arguments are
//! still named, so that a variable which is only logged is not an unused one.

macro_rules! levels {
    ($dollar:tt $($level:ident)*) => {$(
        #[doc = concat!("Logs at the level `", stringify!($level), "`. Format and arguments are defmt's.")]
        #[cfg(feature = "log")]
        #[macro_export]
        macro_rules! $level {
            ($dollar($dollar arguments:tt)*) => {{
                use $dollar crate::defmt;
                defmt::$level!($dollar($dollar arguments)*)
            }};
        }

        #[doc = concat!("Logs at the level `", stringify!($level), "`. Format and arguments are defmt's.")]
        #[cfg(not(feature = "log"))]
        #[macro_export]
        macro_rules! $level {
            ($dollar format:literal $dollar(, $dollar argument:expr)* $dollar(,)?) => {{
                $dollar(let _ = &$dollar argument;)*
            }};
        }
    )*};
}

levels!($ trace debug info warn error);
