"""The query language of TMF630: one parser, one expression tree, one translation a store."""
