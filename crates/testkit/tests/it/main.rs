//! The whole system in process, through its real doors. One binary, since each that is linked costs time.

mod doors;
mod first_light;
mod group;
mod hostile;
mod late;
mod log;
mod now;
mod otlp;
mod self_trace;
mod shutdown;
mod url_template;
