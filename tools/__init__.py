"""Tools of the checkout for those who change or release it; not shipped."""
