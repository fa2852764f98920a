#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| wheelbarrow_fuzz::observed(input));
