import greet, piped, pure, ssl, sqlite3, sys
print('home', greet.home(), piped.home(), 'in', sys.prefix)
