"""What holds for all tests."""

import signal

# a suite that was started in the background ignores Ctrl-C and hang-up, and so would the commands that its tests stop
for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)
