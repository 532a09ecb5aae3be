"""Sound: frames, files, codecs, resampling, voice activity, end of turn, keys, playout, the simulated channel."""
