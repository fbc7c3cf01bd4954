//! The page in a browser. Each test also fails if the page writes to the console or asks for anything from elsewhere.

mod call_tree;
mod comparison;
mod foreign;
mod functions;
mod hostile;
mod live;
mod opening;
mod reading;
mod running;
mod running_answers;
mod size;
