/* fake-nothing.c: a library that is no plugin. */
int fake_nothing (void);

int
fake_nothing (void)
{
  return 0;
}
