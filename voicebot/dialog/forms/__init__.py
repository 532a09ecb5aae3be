"""Forms as data: what is asked, checked, confirmed, kept. ``spec`` declares and reads, ``values`` checks answers."""
