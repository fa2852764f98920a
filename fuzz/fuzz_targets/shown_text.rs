#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| wheelbarrow_fuzz::shown_text(input));
