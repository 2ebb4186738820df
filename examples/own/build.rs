fn main() {
    rawshm_start::link!();
}
