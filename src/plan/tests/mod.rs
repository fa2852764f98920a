//! Plans as tables: a root, a request, and the result ([`crate::scenario`]).

mod adapt;
mod budget;
mod environments;
mod evidence;
mod final_root;
mod foreign;
mod hostile;
mod known;
mod layers;
mod libraries;
mod native;
mod packages;
mod placing;
mod schemes;
mod scripts;
mod selection;
mod slim;
