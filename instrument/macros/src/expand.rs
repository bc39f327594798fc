//! The function that an annotated one becomes.

use crate::options::{Options, number_tokens, scheduler_tokens};
use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Error, ItemFn, Result};

pub(crate) fn test(arguments: TokenStream, function: TokenStream) -> Result<TokenStream> {
    let known = ["seed", "schedules", "scheduler", "expect_race"];
    let options = Options::parse(arguments, &known)?;
    let function: ItemFn = syn::parse2(function)?;
    check_signature(&function, "#[deadheat::test]")?;
    let ItemFn {
        attrs,
        vis,
        sig,
        block,
        ..
    } = &function;
    let (name, output) = (&sig.ident, &sig.output);
    let seed = number_tokens(options.seed);
    let schedules = number_tokens(options.schedules);
    let scheduler = scheduler_tokens(options.scheduler);
    let expect_race = options.expect_race;
    Ok(quote! {
        #[::core::prelude::v1::test]
        #(#attrs)*
        #vis fn #name() {
            fn #name() #output #block
            ::deadheat::__private::Test {
                name: ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name)),
                seed: #seed,
                schedules: #schedules,
                scheduler: #scheduler,
                expect_race: #expect_race,
            }
            .run(#name)
        }
    })
}

pub(crate) fn main(arguments: TokenStream, function: TokenStream) -> Result<TokenStream> {
    let options = Options::parse(arguments, &["seed", "scheduler"])?;
    let function: ItemFn = syn::parse2(function)?;
    check_signature(&function, "#[deadheat::main]")?;
    let ItemFn {
        attrs,
        vis,
        sig,
        block,
        ..
    } = &function;
    let (name, output) = (&sig.ident, &sig.output);
    let seed = number_tokens(options.seed);
    let scheduler = scheduler_tokens(options.scheduler);
    Ok(quote! {
        #(#attrs)*
        #vis fn #name() -> ::std::process::ExitCode {
            fn #name() #output #block
            ::deadheat::__private::Main {
                name: ::core::module_path!(),
                seed: #seed,
                scheduler: #scheduler,
            }
            .run(#name)
        }
    })
}

fn check_signature(function: &ItemFn, attribute: &str) -> Result<()> {
    let signature = &function.sig;
    let refuse = |span, what: &str| {
        Err(Error::new(
            span,
            format!("{attribute} does not take {what}"),
        ))
    };
    if let Some(token) = &signature.asyncness {
        return refuse(
            token.span(),
            "an async function; its body already runs in a goroutine",
        );
    }
    if let Some(argument) = signature.inputs.first() {
        return refuse(argument.span(), "a function with arguments");
    }
    if let Some(parameter) = signature.generics.params.first() {
        return refuse(parameter.span(), "a generic function");
    }
    Ok(())
}
