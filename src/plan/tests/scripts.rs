//! The scripts of an environment: the Python that each starts, and the packages of other programs.

use crate::scenario::{compare, plan, show};

const VENV: &str = "alpine\npython /usr/local/bin/python3.11\nvenv /opt/venv";

#[track_caller]
fn check(root: &str, ask: &str, expect: &str) {
    let root = format!("{VENV}\n{root}");
    let plan = plan(&root, &format!("/opt/venv {ask}")).plan;
    let lines = [show::tree(&plan), show::packages(&plan), show::findings(&plan.findings)];
    compare(&root, &lines.concat(), expect);
}

/// With one script `bin/tool` that begins with this line.
#[track_caller]
fn check_tool(root: &str, line: &str, expect: &str) {
    let tool = format!("/opt/venv/bin/tool = {line}\\n\nwheel web has ../../../bin/tool");
    check(&format!("{root}\n{tool}"), "", expect);
}

#[test]
fn scripts_that_start_the_python_of_the_environment() {
    const OWN: &str = "APP/bin/tool starts python beside it";
    check("wheel web script web=web.cli:main", "", "APP/bin/web starts python beside it");
    check("wheel web has ../../../bin/web", "", "APP/bin/web starts python beside it");
    for line in
        ["#!/opt/venv/bin/python", "#!/usr/bin/env python3", "#!python", "#!/usr/local/bin/python3"]
    {
        check_tool("", line, OWN);
    }
    check(
        "wheel web has web.py\n/opt/venv/bin/mine = #!/opt/venv/bin/python3\\n",
        "--shebang absolute",
        "APP/bin/mine starts /opt/app/bin/python | SITE/web.py",
    );
}

#[test]
fn files_that_tell_other_programs_where_the_environment_is() {
    for (file, line, expect) in [
        (
            "share/jupyter/kernels/x/kernel.json",
            "[\"/opt/venv/bin/python\"]",
            "= [\"/opt/app/bin/python\"]",
        ),
        ("share/applications/x.desktop", "Exec=/opt/venv/bin/x", "= Exec=/opt/app/bin/x"),
        ("lib/systemd/system/x.service", "ExecStart=/opt/venv/bin/x", "= ExecStart=/opt/app/bin/x"),
        ("lib/pkgconfig/x.pc", "prefix=/opt/venv", "= prefix=/opt/app"),
        // Without a path of the builder, and of no known kind.
        ("share/applications/x.desktop", "Exec=x", ""),
        ("share/x/x.conf", "root=/opt/venv", ""),
    ] {
        let root = format!("/opt/venv/{file} = {line}\nwheel a has ../../../{file}");
        check(&root, "", format!("APP/{file} {expect}").trim_end());
    }
}

#[test]
fn an_environment_that_was_moved() {
    const LAUNCHER: &str = "wheel web script web=web.cli:main";
    for line in ["#!/build/.venv/bin/python", "#!/usr/bin/env python3.9", "#!/usr/bin/python3"] {
        let root = format!("{LAUNCHER}\n/opt/venv/bin/web = {line}\\n");
        check(&root, "", "APP/bin/web starts python beside it");
    }
    // Another script of a distribution: its installer wrote the path of that time.
    check_tool("", "#!/build/.venv/bin/python", "APP/bin/tool starts python beside it");
    // Nobody knows who wrote this one.
    check(
        "wheel web has web.py\n/opt/venv/bin/mine = #!/build/.venv/bin/python\\n",
        "",
        "APP/bin/mine | SITE/web.py | warn foreign-shebang /opt/venv/bin/mine",
    );
    // A Python that is there is another one.
    check_tool(
        "/opt/other/bin/python elf",
        "#!/opt/other/bin/python",
        "APP/bin/tool | warn foreign-shebang /opt/venv/bin/tool",
    );
    // A program of the name of an entry point is no launcher.
    let own = format!("{LAUNCHER}\n/opt/venv/bin/web = #!/bin/sh\\n");
    check(&own, "", "APP/bin/web | base busybox");
}

#[test]
fn an_environment_below_a_link() {
    const LINKED: &str =
        "alpine\npython /usr/local/bin/python3.11\nvenv /srv/venv\n/opt/venv -> /srv/venv
        wheel web has ../../../bin/tool\n/srv/venv/bin/tool = #!/opt/venv/bin/python\\n";
    for named in ["/opt/venv", "/srv/venv"] {
        let plan = plan(LINKED, named).plan;
        let lines = [show::tree(&plan), show::findings(&plan.findings)].concat();
        compare(LINKED, &lines, "APP/bin/tool starts python beside it");
    }
}

#[test]
fn scripts_for_other_programs() {
    const PERL: &str = "apk perl 5.38 owns /usr/bin/perl";
    check_tool(PERL, "#!/usr/bin/perl -w", "APP/bin/tool | install perl");
    check_tool(PERL, "#!/usr/bin/env perl", "APP/bin/tool | install perl");
    check_tool(PERL, "#!/usr/bin/env -S perl -w", "APP/bin/tool | install perl");
    check_tool("", "#!/bin/sh", "APP/bin/tool | base busybox");
    // Through the links of alternatives.
    check_tool(
        "apk nodejs 20 owns /usr/bin/nodejs\n/usr/bin/node -> nodejs",
        "#!/usr/bin/env node",
        "APP/bin/tool | install nodejs",
    );
    check_tool(
        "/usr/local/bin/node elf",
        "#!/usr/bin/env node",
        "APP/bin/tool | deny missing-program node",
    );
    check_tool("", "#!/bin/tcsh", "APP/bin/tool | warn missing-program /bin/tcsh");
    // The program is part of the environment.
    check(
        "/opt/venv/bin/tool = #!/usr/bin/env node\\n\n/usr/bin/node elf
            wheel web has ../../../bin/tool\n/opt/venv/bin/node elf",
        "",
        "APP/bin/node | APP/bin/tool",
    );
}
