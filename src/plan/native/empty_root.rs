//! What every distribution has and an empty root lacks: a place for temporary files, and users.
//!
//! Invariant: only for `FROM scratch`; a root with packages has its own.

use crate::inventory::Inventory;
use crate::loader::Libc;
use crate::path::RealPath;
use crate::plan::entry::PlannedEntry;

/// root, and an unprivileged user whose home is writable. Docker takes HOME from here.
const PASSWD: &str =
    "root:x:0:0:root:/root:/sbin/nologin\napp:x:1000:1000:app:/tmp:/sbin/nologin\n";
const GROUP: &str = "root:x:0:\napp:x:1000:\n";
/// Without it glibc asks DNS before it reads /etc/hosts (nsswitch.conf(5)).
const NSSWITCH: &str = "passwd: files\ngroup: files\nhosts: files dns\n";

/// `/tmp`, and the files by which users and hosts have names.
pub(crate) fn fill(inventory: &Inventory) -> Vec<PlannedEntry> {
    let text = |path: &str, content: &str, reason: &str| {
        PlannedEntry::text(RealPath::known(path), content.to_owned(), reason.to_owned())
    };
    let users = "names root and the user app (1000), which an empty root lacks";
    let mut entries = vec![
        PlannedEntry::directory(
            RealPath::known("/tmp"),
            0o1777,
            "for temporary files, which an empty root has no place for".to_owned(),
        ),
        text("/etc/passwd", PASSWD, users),
        text("/etc/group", GROUP, users),
    ];
    if inventory.environment.interpreter.libc == Some(Libc::Glibc) {
        let reason = "lets names of /etc/hosts win over DNS, which an empty root lacks";
        entries.push(text("/etc/nsswitch.conf", NSSWITCH, reason));
    }
    entries
}
