//! Finds by which path the user's crate reaches dspex-core.

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use crate::errors::Errors;

/// The hidden module that the generated code uses, by way of `given` where the user has said it.
///
/// `dspex-core` goes before `dspex`: a crate that has both, as our own have in their tests, may have `dspex` only
/// there, and Cargo does not tell a derive for which of its targets it runs.
pub(crate) fn private(given: Option<&syn::Path>, errors: &mut Errors) -> Option<TokenStream> {
    if let Some(path) = given {
        return Some(quote!(#path::__private));
    }
    let Some(name) = ["dspex-core", "dspex"].iter().find_map(|package| {
        Some(match crate_name(package).ok()? {
            // The crates name themselves, so the path is the same inside.
            FoundCrate::Itself => package.replace('-', "_"),
            FoundCrate::Name(name) => name,
        })
    }) else {
        errors.push(syn::Error::new(
            Span::call_site(),
            "expected `dspex` among the dependencies of this crate, found neither it nor `dspex-core`; \
             add it, or say where it is with `crate = path` in `#[signature(...)]` or `#[parameters(...)]`",
        ));
        return None;
    };
    let name = Ident::new_raw(&name, Span::call_site());
    Some(quote!(::#name::__private))
}
