//! `wheelbarrow why` and `wheelbarrow why-not`: one question about one name.

use std::borrow::Cow;

use wheelbarrow::finding::Finding;
use wheelbarrow::report;

use crate::cli::answer::print_answer_about;
use crate::cli::arguments::Question;
use crate::cli::settings::Settings;
use crate::cli::streams::print_error;
use crate::cli::trouble::Trouble;

/// The names that can be asked about.
const NAMES: &str = "give the name of a distribution, a module that code imports, a library such as \
                     libpq.so.5, an OS package, or a path";

/// The side that a question is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// `why`
    InFinalRoot,
    /// `why-not`
    LeftOut,
}

/// Prints the answer. A name on the other side gets a reference to the other command.
pub(crate) fn run(question: &Question, side: Side) -> Result<Vec<Finding>, Trouble> {
    let mut settings = Settings::read_only(&question.input, &question.choice)?;
    let (inventory, plan) = settings.decide()?;
    let answer = report::why(&inventory, &plan, &question.name);
    if answer.chains.is_empty() && answer.stays.is_empty() {
        return Err(Trouble::new(
            format!("{} is neither in the environment nor among its dependencies", question.name),
            match report::similar_names(&inventory, &plan, &question.name) {
                none if none.is_empty() => NAMES.into(),
                similar => Cow::from(format!("did you mean {}?", similar.join(" or "))),
            },
        ));
    }
    print_answer_about(settings.directory(), question.json, &answer, || match side {
        Side::InFinalRoot => report::why_text(&answer),
        Side::LeftOut => report::why_not_text(&answer),
    })?;
    match side {
        Side::InFinalRoot if answer.chains.is_empty() => {
            print_error(&format!("{} is left out: see wheelbarrow why-not\n", question.name));
        }
        Side::LeftOut if answer.stays.is_empty() => {
            print_error(&format!("{} is in the final root: see wheelbarrow why\n", question.name));
        }
        _ => {}
    }
    Ok(Vec::new())
}
