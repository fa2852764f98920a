//! What is known of distributions, libraries and modules: it is needed if the builder has it.

use super::evidence::{ALPINE, DEBIAN, check, evidence};
use crate::scenario::{compare, plan, show};

#[test]
fn programs_and_data_of_known_distributions() {
    const TESSERACT: &str =
        "deb tesseract-ocr 5.3 depends libc6 tesseract-ocr-eng owns /usr/bin/tesseract elf
        deb tesseract-ocr-eng owns /usr/share/tesseract-ocr/5/tessdata/eng.traineddata
        deb tesseract-ocr-deu asked owns /usr/share/tesseract-ocr/5/tessdata/deu.traineddata
        wheel pytesseract has pytesseract.py";
    check(
        DEBIAN,
        TESSERACT,
        "",
        "install tesseract-ocr tesseract-ocr-deu | along tesseract-ocr-eng
            pytesseract tesseract: starts the program tesseract
            pytesseract deu.traineddata: opens the languages of tesseract",
    );
    // One that no package owns; the builder lacks the others.
    check(
        ALPINE,
        "apk libz owns /lib/libz.so.1\n/usr/local/bin/pdftoppm needs libz.so.1\nwheel pdf2image has p.py",
        "",
        "install libz | /usr/local/bin/pdftoppm
            pdf2image libz.so.1: starts the program pdftoppm",
    );
    check(ALPINE, "wheel pdf2image has p.py", "", "");
    // As Debian has it: the name is a link in another package than the program.
    check(
        DEBIAN,
        "deb graphviz depends libgvc6 owns /usr/bin/dot
            deb libgvc6 owns /usr/sbin/libgvc6-config-update
            /usr/bin/dot -> /usr/sbin/libgvc6-config-update
            wheel pydot has p.py",
        "",
        "install graphviz | along libgvc6
            pydot libgvc6-config-update: starts the program dot",
    );
    // Where nothing is installed the program itself is bundled.
    check(
        ALPINE,
        "apk git owns /usr/bin/git /usr/libexec/git-core/git-log\nwheel GitPython has git/cmd.py",
        "--native vendor",
        "vendored git | /usr/bin/git | /usr/libexec/git-core/git-log
            GitPython git: starts the program git",
    );
}

#[test]
fn plugins_of_libraries() {
    const SASL: &str = "apk sasl owns /usr/lib/libsasl2.so.3
        apk sasl-scram owns /usr/lib/sasl2/libscram.so /usr/lib/sasl2/liblogin.so needs libno.so
        wheel ldap has _ldap.so needs libsasl2.so.3";
    check(
        ALPINE,
        SASL,
        "",
        "install sasl sasl-scram
            ldap libscram.so: loads libsasl2.so.3, which opens the mechanisms of SASL",
    );
    const ODBC: &str = "/etc/odbcinst.ini = [SQLite3]\\nDriver=libsqlite3odbc.so\\n[Own]\\nDriver=/opt/own/libown.so\\n
        /opt/own/libown.so elf
        deb unixodbc depends libc6 owns LIB/libodbc.so.2
        deb libsqliteodbc depends unixodbc owns LIB/odbc/libsqlite3odbc.so
        wheel pyodbc has pyodbc.so needs libodbc.so.2
        ldconfig LIB";
    check(
        DEBIAN,
        ODBC,
        "",
        "install libsqliteodbc
            along unixodbc
            /etc/odbcinst.ini
            /opt/own/libown.so
            note unowned-library /opt/own/libown.so
            pyodbc libsqlite3odbc.so: loads libodbc.so.2, and it is a driver in /etc/odbcinst.ini",
    );
}

#[test]
fn data_of_modules() {
    const ZONES: &str = "apk tzdata owns /usr/share/zoneinfo/Etc/UTC /usr/share/zoneinfo/Etc/GMT
        wheel cal has cal.py\nVENV/cal.py = from zoneinfo import ZoneInfo";
    let alpine = ALPINE.replace("/usr/local/bin/python3.11", "/opt/python/bin/python3.11");
    let asked = "--from x --interpreter /opt/python/bin/python3.11";
    check(
        &alpine,
        ZONES,
        asked,
        "install tzdata | cal GMT: imports zoneinfo, which opens time zones",
    );
    check(&alpine, &format!("{ZONES}\nwheel tzdata has tz.py"), asked, "");
    // In docker-library's image.
    check(ALPINE, ZONES, "", "base tzdata");
    check(
        ALPINE,
        "/usr/lib/locale/locale-archive = x\nwheel m has m.py",
        "",
        "/usr/lib/locale/locale-archive",
    );
}

/// Data that every distribution has, and an empty root has not.
#[test]
fn data_of_an_empty_root() {
    const DATA: &str = "debian\npython /usr/local/bin/python3.11\nvenv /opt/venv
        deb ncurses-base owns /lib/terminfo/x/xterm
        deb netbase owns /etc/services /etc/protocols";
    let vendored = |root: &str, expect: &str| {
        let root = format!("{DATA}\n{root}");
        let plan = plan(&root, "/opt/venv --with-interpreter --base scratch").plan;
        compare(&root, &[show::packages(&plan), evidence(&plan)].concat(), expect);
    };
    for (source, package, evidence) in [
        ("import socket", "", ""),
        (
            "import curses",
            " ncurses-base",
            "m xterm: imports curses, which opens descriptions of terminals",
        ),
        (
            "from socket import *\\nport = getservbyname('https')",
            " netbase",
            "m services: calls getservbyname, which opens the names of services",
        ),
    ] {
        let root = format!("wheel m has m.py\nVENV/m.py = {source}");
        vendored(&root, &format!("vendored libc6{package} | {evidence}"));
    }
}

/// Its installation makes the files that programs open, and nothing is installed there.
#[test]
fn certificates_of_an_empty_root() {
    const ROOT: &str = "debian\npython /usr/local/bin/python3.11\nvenv /opt/venv
        deb ca-certificates asked owns /usr/share/ca-certificates/mozilla/a.crt
        deb openssl owns /usr/bin/openssl
        /etc/ssl/certs/ca-certificates.crt = x
        /usr/lib/ssl/cert.pem -> /etc/ssl/certs/ca-certificates.crt
        wheel m has m.py\nVENV/m.py = import ssl";
    let plan = plan(ROOT, "/opt/venv --with-interpreter --base scratch").plan;
    let outside = show::outside(&plan).into_iter().filter(|line| line.contains("/ssl/"));
    compare(
        ROOT,
        &[show::packages(&plan), outside.collect()].concat(),
        "vendored ca-certificates libc6
        /etc/ssl/certs/ca-certificates.crt
        /usr/lib/ssl/cert.pem -> /etc/ssl/certs/ca-certificates.crt",
    );
}

/// A library of a wheel has its plugins in the wheel.
#[test]
fn plugins_of_qt() {
    const QT: &str = "apk qt6 owns /usr/lib/qt6/plugins/platforms/libqxcb.so";
    check(
        ALPINE,
        &format!(
            "{QT}\napk gui owns /usr/lib/libQt6Gui.so.6\nwheel a has a.so needs libQt6Gui.so.6"
        ),
        "",
        "install gui qt6
            a libqxcb.so: loads libQt6Gui.so.6, which opens the platform plugins of Qt",
    );
    check(
        ALPINE,
        &format!("{QT}\nwheel a has a.so needs libQt6Gui.so.6 runpath $ORIGIN has libQt6Gui.so.6"),
        "",
        "",
    );
}
