//! `#[derive(Parameters)]`: read the struct ([`ast`]) and write the walk over its fields ([`expand`]).

mod ast;
mod expand;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::crate_path;
use crate::errors::Errors;

/// The code of the derive. With errors the impl is there all the same, so that they stay the only ones.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let item = ast::Item::read(input, &mut errors);
    let Some(private) = crate_path::private(item.krate.as_ref(), &mut errors) else {
        return errors.into_tokens();
    };
    let walk = expand::expand(&item, &private);
    let errors = errors.into_tokens();
    quote!(#errors #walk)
}
