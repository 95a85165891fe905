// Cancellation: Ctrl-C and SIGTERM set a flag that long work looks at between its steps.
#pragma once

namespace malmoi {

/// Makes SIGINT and SIGTERM request a stop; a second signal ends the process at once.
void install_stop_handler();
/// Whether a stop was requested. Safe from any thread.
bool stop_requested();
/// For tests and servers: requests a stop, or takes the request back.
void request_stop(bool stop = true);

}  // namespace malmoi
