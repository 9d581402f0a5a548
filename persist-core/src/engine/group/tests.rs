mod pace;
mod syncing;
