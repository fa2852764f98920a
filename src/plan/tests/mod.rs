//! Plans as tables: what is in the root, what is asked, what comes out ([`crate::scenario`]).

mod adapt;
mod final_root;
mod layers;
mod libraries;
mod native;
mod packages;
mod placing;
mod schemes;
mod selection;
