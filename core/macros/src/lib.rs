//! One source for code that waits and for code that blocks.
//!
//! An `async fn` that never has to wait still becomes a state machine: several times the machine
//! code of a plain function, with a panic in it for whoever resumes it too late. A source that is
//! included twice, once with each of these attributes under one name, gives both.
//!
//! ```
//! mod blocking {
//!     use gradlet_macros::blocking as either;
//!
//!     fn read() -> u8 {
//!         7
//!     }
//!
//!     # // what follows would be a file that both modules include
//!     #[either]
//!     pub async fn twice() -> u8 {
//!         read().await + read().await
//!     }
//! }
//!
//! assert_eq!(blocking::twice(), 14);
//! ```

use proc_macro::{Group, TokenStream, TokenTree};

/// Leaves the item as it is.
#[proc_macro_attribute]
pub fn asynchronous(_: TokenStream, item: TokenStream) -> TokenStream {
    item
}

/// Takes every `async` and every `.await` out of the item.
#[proc_macro_attribute]
pub fn blocking(_: TokenStream, item: TokenStream) -> TokenStream {
    without_await(item)
}

fn without_await(tokens: TokenStream) -> TokenStream {
    let mut tokens = tokens.into_iter().peekable();
    let mut kept = Vec::new();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(ident) if ident.to_string() == "async" => {}
            TokenTree::Punct(dot) if dot.as_char() == '.' && is_await(tokens.peek()) => {
                tokens.next();
            }
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), without_await(group.stream()));
                inner.set_span(group.span());
                kept.push(inner.into());
            }
            token => kept.push(token),
        }
    }
    kept.into_iter().collect()
}

fn is_await(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if ident.to_string() == "await")
}
