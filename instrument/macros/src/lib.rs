//! Deadheat's attribute macros. Users reach them as `deadheat::test` and `deadheat::main`.
//!
//! - `options`: what stands in an attribute's brackets;
//! - `expand`: the function that an annotated one becomes.

mod expand;
mod options;

use proc_macro::TokenStream;

/// Makes a function a test that runs in a goroutine, under detection where that is asked for.
///
/// ```
/// #[deadheat::test(seed = 42, schedules = 100)]
/// fn transfers_keep_the_total() { /* … */ }
/// ```
///
/// - `seed = N`: the seed of the first schedule; 0 unless given. Schedule *i* has seed *N* + *i*.
/// - `schedules = N`: how many schedules to run; 1 unless given.
/// - `scheduler = "controlled"` (unless given) or `"parallel"`.
/// - `expect_race`: the test passes only if a race is found, and is always under detection.
///   For tests of the detector itself.
///
/// The function takes no arguments and returns what a `#[test]` may. Other attributes, such as
/// `#[should_panic]`, stay with it.
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, function: TokenStream) -> TokenStream {
    expand::test(arguments.into(), function.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Makes `main` the main goroutine of a run, on the parallel scheduler unless told otherwise.
///
/// - `seed = N`, `scheduler = "controlled"` or `"parallel"`: as for `#[deadheat::test]`.
#[proc_macro_attribute]
pub fn main(arguments: TokenStream, function: TokenStream) -> TokenStream {
    expand::main(arguments.into(), function.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
