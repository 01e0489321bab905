//! `#[derive(Signature)]`: read the struct ([`ast`], [`attr`]), check it ([`validate`]), write the code ([`expand`]),
//! or, where there are errors, as much of it as keeps them the only ones ([`fallback`]).

mod ast;
mod attr;
mod doc;
mod expand;
mod fallback;
mod generated;
mod types;
mod validate;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::crate_path;
use crate::errors::Errors;

/// The code of the derive.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let item = ast::Item::read(input, &mut errors);
    let Some(private) = crate_path::private(item.options.krate.as_ref(), &mut errors) else {
        return errors.into_tokens();
    };
    validate::check(&item, &mut errors);
    if errors.is_empty() {
        return expand::expand(&item, &private);
    }
    let fallback = fallback::expand(&item, &private);
    let errors = errors.into_tokens();
    quote!(#errors #fallback)
}
