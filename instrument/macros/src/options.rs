//! What stands in an attribute's brackets.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprLit, Lit, LitInt, Meta, Result, Token};

/// The options of `#[deadheat::test]`; `#[deadheat::main]` takes some of them.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) seed: Option<u64>,
    pub(crate) schedules: Option<u64>,
    pub(crate) scheduler: Option<Scheduler>,
    pub(crate) expect_race: bool,
}

#[derive(Clone, Copy)]
pub(crate) enum Scheduler {
    Controlled,
    Parallel,
}

impl Options {
    /// Reads the options; only those in `known` are taken.
    pub(crate) fn parse(arguments: TokenStream, known: &[&str]) -> Result<Self> {
        let metas = Punctuated::<Meta, Token![,]>::parse_terminated.parse2(arguments)?;
        let mut options = Self::default();
        let mut seen = Vec::new();
        for meta in metas {
            let key = meta
                .path()
                .get_ident()
                .map(ToString::to_string)
                .unwrap_or_default();
            if !known.contains(&key.as_str()) {
                let message = format!("unknown option; the options are {}", known.join(", "));
                return Err(Error::new(meta.span(), message));
            }
            if seen.contains(&key) {
                return Err(Error::new(meta.span(), format!("`{key}` is given twice")));
            }
            options.set(&key, &meta)?;
            seen.push(key);
        }
        Ok(options)
    }

    fn set(&mut self, key: &str, meta: &Meta) -> Result<()> {
        match key {
            "seed" => self.seed = Some(number(meta)?),
            "schedules" => {
                let schedules = number(meta)?;
                if schedules == 0 {
                    return Err(Error::new(meta.span(), "a test has at least one schedule"));
                }
                self.schedules = Some(schedules);
            }
            "scheduler" => self.scheduler = Some(scheduler(meta)?),
            "expect_race" => {
                meta.require_path_only()?;
                self.expect_race = true;
            }
            _ => unreachable!("every known option is set here"),
        }
        Ok(())
    }
}

fn literal(meta: &Meta) -> Result<&Lit> {
    match &meta.require_name_value()?.value {
        Expr::Lit(ExprLit { lit, .. }) => Ok(lit),
        other => Err(Error::new(other.span(), "a literal is needed here")),
    }
}

fn number(meta: &Meta) -> Result<u64> {
    match literal(meta)? {
        Lit::Int(number) => LitInt::base10_parse(number),
        other => Err(Error::new(other.span(), "a whole number is needed here")),
    }
}

fn scheduler(meta: &Meta) -> Result<Scheduler> {
    let wrong = |span: Span| Error::new(span, r#"write "controlled" or "parallel""#);
    match literal(meta)? {
        Lit::Str(name) => match name.value().as_str() {
            "controlled" => Ok(Scheduler::Controlled),
            "parallel" => Ok(Scheduler::Parallel),
            _ => Err(wrong(name.span())),
        },
        other => Err(wrong(other.span())),
    }
}

/// An optional number as an expression.
pub(crate) fn number_tokens(number: Option<u64>) -> TokenStream {
    match number {
        Some(number) => quote!(::core::option::Option::Some(#number)),
        None => quote!(::core::option::Option::None),
    }
}

/// An optional scheduler as an expression.
pub(crate) fn scheduler_tokens(scheduler: Option<Scheduler>) -> TokenStream {
    let variant = match scheduler {
        Some(Scheduler::Controlled) => quote!(Controlled),
        Some(Scheduler::Parallel) => quote!(Parallel),
        None => return quote!(::core::option::Option::None),
    };
    quote!(::core::option::Option::Some(::deadheat::__private::Scheduler::#variant))
}
