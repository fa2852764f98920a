//! The drivers of unixODBC: `odbcinst.ini` has a section for each.
//!
//! Invariant: a file that is broken has no drivers.

use ini::Ini;

/// The libraries that the drivers of an `odbcinst.ini` are: paths, or names that the loader searches.
pub fn parse_drivers(text: &str) -> Vec<String> {
    let Ok(file) = Ini::load_from_str(text) else { return Vec::new() };
    let keys = ["driver", "driver64", "setup", "setup64"];
    let of_section = |(_, section): (_, &ini::Properties)| {
        let entries = section.iter();
        let named = entries.filter(|(key, _)| keys.contains(&key.to_ascii_lowercase().as_str()));
        named.map(|(_, value)| value.trim().to_owned()).collect::<Vec<_>>()
    };
    let mut drivers: Vec<String> = file.iter().flat_map(of_section).collect();
    drivers.retain(|driver| !driver.is_empty());
    drivers.sort();
    drivers.dedup();
    drivers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drivers_of_sections() {
        let text = "[SQLite3]\nDescription=x\nDriver=libsqlite3odbc.so\nSetup = libsqlite3odbc.so\n\
                    [ODBC Driver 18]\nDriver=/opt/microsoft/lib/libmsodbcsql-18.so\nUsageCount=1\n[Empty]\nDriver=\n";
        assert_eq!(
            parse_drivers(text),
            ["/opt/microsoft/lib/libmsodbcsql-18.so", "libsqlite3odbc.so"]
        );
        assert!(parse_drivers("[broken").is_empty());
    }
}
