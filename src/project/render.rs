//! A recipe as the text of a Dockerfile, and as two lines for the terminal.
//!
//! Invariant: renders and never decides; the templates are constants, and CMD is JSON.

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, context};

use super::build;
use super::image::Base;
use super::install::Installer;
use super::recipe::Recipe;
use super::start::Start;
use crate::version::published_image;

/// The templates by the names that `include` gives them.
const TEMPLATES: [(&str, &str); 9] = [
    ("Dockerfile", include_str!("templates/Dockerfile.jinja")),
    ("conda", include_str!("templates/conda.jinja")),
    ("pdm", include_str!("templates/pdm.jinja")),
    ("pip", include_str!("templates/pip.jinja")),
    ("pixi", include_str!("templates/pixi.jinja")),
    ("poetry", include_str!("templates/poetry.jinja")),
    ("requirements", include_str!("templates/requirements.jinja")),
    ("start", include_str!("templates/start.jinja")),
    ("uv", include_str!("templates/uv.jinja")),
];

fn template(installer: Installer) -> &'static str {
    match installer {
        Installer::Uv => "uv",
        Installer::Poetry => "poetry",
        Installer::Pdm => "pdm",
        Installer::Conda => "conda",
        Installer::Pixi => "pixi",
        Installer::Requirements => "requirements",
        Installer::Pip => "pip",
    }
}

/// The Dockerfile, with a line end at its end.
pub fn dockerfile(recipe: &Recipe) -> String {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build();
    environment.set_syntax(syntax.expect("only white space differs from the default"));
    for (name, text) in TEMPLATES {
        environment.add_template(name, text).expect("the templates are constants");
    }
    let Recipe { install, images, build, .. } = recipe;
    let json = |words: &[String]| {
        serde_json::to_string(words).expect("strings").replace("\",\"", "\", \"")
    };
    let (command, example, because, found, port, in_src) = match &recipe.start {
        Start::Found(it) => {
            (Some(json(&it.words)), None, it.because.clone(), Vec::new(), it.port, it.in_src)
        }
        Start::Unknown { found, example } => {
            (None, Some(json(example)), Vec::new(), found.clone(), None, false)
        }
    };
    let copies: Vec<String> = install
        .first
        .iter()
        .map(|(directory, files)| format!("{} {directory}", files.join(" ")))
        .collect();
    let context = context! {
        tag => recipe.tag.clone(),
        program => published_image(),
        evidence => install.evidence,
        installer => install.installer.name(),
        steps => template(install.installer),
        has_ignore_file => recipe.has_ignore_file,
        python => recipe.python.as_ref().map(|it| context! {
            version => it.minor.to_string(), because => it.because.clone()
        }),
        base => recipe.base.as_str(),
        builder_image => images.builder.clone(),
        last_image => images.last.clone(),
        one_image => images.last.as_ref() == Some(&images.builder),
        manager => if recipe.base == Base::Alpine { "apk" } else { "apt" },
        packages => build.packages.clone(),
        compiled => build.compiled.clone(),
        git => build.git,
        certificates => build.certificates,
        unknown => build.unknown.clone(),
        compiler => build::compiler(recipe.base).to_vec(),
        may_compile => !install.installer.brings_python() && build.compiled.is_empty(),
        environment => install.installer.environment(),
        copies,
        installs_project => install.installs_project,
        tool => install.tool.clone(),
        uses_pip => install.uses_pip,
        copies_source => recipe.copies_source,
        python_path => recipe.copies_source && in_src && !install.installs_project,
        user => if recipe.base.is_whole() { 10001 } else { 65532 },
        command, example, because, found, port,
    };
    let template = environment.get_template("Dockerfile").expect("it was added");
    let text = template.render(context).expect("the templates name what the context has");
    text.trim_end().to_owned() + "\n"
}

/// What was found, and what to do next: two lines for the terminal.
pub fn summary(recipe: &Recipe) -> String {
    let python = recipe
        .python
        .as_ref()
        .map_or_else(String::new, |it| format!(", Python {} ({})", it.minor, it.because));
    let (start, todo) = match &recipe.start {
        Start::Found(command) => (format!("starts with {}", command.words[0]), ""),
        Start::Unknown { .. } => {
            ("no command that starts it".to_owned(), "write CMD where it says TODO, then ")
        }
    };
    format!(
        "found: {} for {}{python}, {start}\nnext: {todo}docker build -t {} .\n",
        recipe.install.evidence,
        recipe.install.installer.name(),
        recipe.tag
    )
}
